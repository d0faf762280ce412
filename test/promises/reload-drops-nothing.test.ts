import { expect, it, vi } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { ascending } from '../apps/everyone.ts'
import { NO_LOSSES, Traffic } from '../harness/traffic.ts'
import { until } from '../harness/until.ts'
import { exporting, listening, origins, reload } from './release.ts'

/** Every reload starts some processes: where others want the processors too, many of them take their time. */
vi.setConfig({ testTimeout: 120_000 })

const BIND = ['--bind', '127.0.0.1:0']

it.each([
  { app: 'exports', source: exporting, reloads: 20, args: BIND },
  { app: 'listens', source: listening, reloads: 4, args: [] },
  { app: 'exports', source: exporting, reloads: 3, args: [...BIND, '--rolling', '--max-surge', '1'] },
  { app: 'listens', source: listening, reloads: 2, args: ['--max-surge', '1', '--canary-seconds', '0.2'] },
])('loses nothing over $reloads reloads of an app that $app ($args)', async ({ source, reloads, args }) => {
  using project = new Project({ 'app.mjs': source('v0') })
  await using cli = await project.serving(['--workers', '2', ...args, 'app.mjs'])
  const { port } = cli
  const traffic = new Traffic({ port })
  await traffic.more()
  for (let version = 1; version <= reloads; version++) {
    project.write('app.mjs', source(`v${version}`))
    expect(await reload(cli)).toMatchObject({ generation: version + 1, workers: 2 })
    // Nobody else accepts by now.
    const answers = await origins(2, { port })
    expect(answers.map((answer) => answer.version)).toEqual([`v${version}`, `v${version}`])
    expect(answers.map(({ pid }) => pid)).toEqual(ascending(cli.workerPids.slice(-2)))
    await traffic.more(1)
  }
  expect(await traffic.end()).toEqual(NO_LOSSES)
  expect(cli.events('reload-rolling')).toHaveLength(args.includes('--rolling') ? reloads : 0)
  await until('the old generations have gone', () => cli.liveWorkerPids.length === 2)
  expect(cli.events('worker-killed')).toEqual([])
  expect(cli.events('listener-bound')).toHaveLength(1)
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it('never has fewer workers that accept than before', async () => {
  using project = new Project({ 'app.mjs': exporting('v0') })
  await using cli = await project.serving(['--workers', '3', '--max-surge', '1', ...BIND, 'app.mjs'])
  await reload(cli)
  const order = cli.log.map(({ event, generation }) => `${event} ${String(generation)}`)
  // All of the new ones are ready before the first of the old ones leaves.
  expect(order.lastIndexOf('worker-ready 2')).toBeLessThan(order.indexOf('worker-draining 1'))
  expect(order.filter((line) => line === 'worker-ready 2')).toHaveLength(3)
})
