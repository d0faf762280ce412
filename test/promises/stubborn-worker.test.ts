import { expect, it, vi } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { NOBODY, isAlive } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { NO_LOSSES, Traffic } from '../harness/traffic.ts'
import { until } from '../harness/until.ts'
import { exporting, origins, reload } from './release.ts'

/** Every reload starts some processes: where others want the processors too, many of them take their time. */
vi.setConfig({ testTimeout: 120_000 })

const ARGS = ['--workers', '2', '--bind', '127.0.0.1:0', '--graceful-timeout', '6', '--kill-timeout', '0.5', 'app.mjs']

/** Blocks the loop for good, and leaves the processors to others. */
const SLEEP = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'

/** Does so on a request for /block. */
const BLOCK = `
import { subscribe } from 'node:diagnostics_channel'
subscribe('http.server.request.start', ({ request }) => {
  if (request.url !== '/block') return
  console.log('[block]')
  ${SLEEP}
})`

/** What a worker of the old version may do instead of leaving, and how many of them do it. */
const STUBBORN = [
  {
    what: 'ignores SIGTERM',
    source: "process.on('SIGTERM', () => {})\nsetInterval(() => {}, 1000)",
    stubborn: 2,
  },
  {
    what: 'blocks its loop when the drain begins',
    source: `
      import { worker } from '@prefork/supervisor/worker'
      worker.onDrain(() => { if (worker.index === 0) ${SLEEP} })`,
    stubborn: 1,
  },
  {
    what: 'never gets done in onShutdown',
    source: `
      import { worker } from '@prefork/supervisor/worker'
      worker.onShutdown(() => new Promise(() => setInterval(() => {}, 1000)))`,
    stubborn: 2,
  },
]

it.concurrent.each(STUBBORN)(
  'kills an old worker that $what, at the end of its time; nobody else is affected',
  async ({ source, stubborn }) => {
    using project = new Project({ 'app.mjs': exporting('old', source) }, 'supervisor')
    await using cli = await project.serving(ARGS)
    const { port, workerPids: old } = cli
    project.write('app.mjs', exporting('new'))
    await reload(cli)
    const traffic = new Traffic({ port }, 1)
    const answers = await origins(2, { port })
    expect(answers.map(({ version }) => version)).toEqual(['new', 'new'])
    await cli.line('worker-exited', 2)
    expect(cli.events('worker-killed').map(({ reason }) => reason)).toEqual(Array(stubborn).fill('reloaded'))
    const exits = cli.events('worker-exited').map(({ signal }) => signal)
    expect(exits.filter((signal) => signal === 'SIGKILL')).toHaveLength(stubborn)
    expect(old.filter(isAlive)).toEqual([])
    await traffic.more()
    expect(await traffic.end()).toEqual(NO_LOSSES)
    expect(cli.liveWorkerPids).toHaveLength(2)
    expect(cli.workerPids).toHaveLength(4)
  },
)

it.concurrent('reloads although a worker is blocked, and the reload has ended when that one has gone', async () => {
  using project = new Project({ 'app.mjs': exporting('old', BLOCK) })
  await using cli = await project.serving(ARGS)
  const { port, workerPids: old } = cli
  const blocked = ask({ port, path: '/block', patienceMs: 60_000 })
  await until('a worker is blocked', () => cli.stdout.includes('[block]'))
  project.write('app.mjs', exporting('new'))
  const traffic = new Traffic({ port }, 1)
  await reload(cli)
  expect((await blocked).result).toBe('reset')
  expect(cli.events('worker-killed')).toMatchObject([{ reason: 'reloaded' }])
  expect(old).toContain(cli.events('worker-killed')[0]?.workerPid ?? NOBODY)
  const answers = await origins(2, { port })
  expect(answers.map(({ version }) => version)).toEqual(['new', 'new'])
  expect(await traffic.end()).toEqual(NO_LOSSES)
})
