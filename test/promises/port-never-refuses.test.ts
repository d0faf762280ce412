import { expect, it } from 'vitest'
import { Cli, fixture } from '../harness/cli.ts'
import { ask, failuresOf, Load, NO_FAILURES } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { exporting, reload, waitFor } from './release.ts'
import { Releases } from './releases.ts'

it('refuses and hangs nobody while every worker is killed at once, again and again', async () => {
  await using cli = await Cli.serving(['--workers', '4', fixture('hello.mjs')])
  const load = new Load({ port: cli.port, clients: 8, mode: 'fresh' })
  for (let round = 1; round <= 3; round++) {
    const before = load.total
    await until('some requests have been answered', () => load.total > before + 50)
    // Not process by process: at one moment nobody at all accepts.
    for (const pid of cli.liveWorkerPids) process.kill(pid, 'SIGKILL')
    await cli.line('worker-ready', 4 + round * 4)
  }
  const before = load.total
  await until('requests are answered again', () => load.total > before + 50)
  const { refused, hung, wrong, reset, ok } = await load.end()
  expect({ refused, hung, wrong }).toEqual({ refused: 0, hung: 0, wrong: 0 })
  // Only what a killed worker had accepted is lost: at most one request per client and round.
  expect(reset).toBeLessThanOrEqual(3 * 8)
  expect(ok).toBeGreaterThan(150)
})

it('refuses and hangs nobody while every worker is killed in the middle of a reload', async () => {
  using releases = new Releases('one', { 'app.mjs': exporting('one') })
  const args = ['--workers', '2', '--bind', '127.0.0.1:0', 'app.mjs']
  await using cli = await Cli.serving(args, { cwd: releases.current, env: { PWD: releases.current } })
  const load = new Load({ port: cli.port, clients: 4, mode: 'fresh', patienceMs: 20_000 })
  releases.deploy('two', { 'app.mjs': exporting('two', waitFor(`${releases.path}/gate`)) })
  const reloaded = reload(cli)
  await cli.line('reload-started')
  for (const pid of cli.liveWorkerPids) process.kill(pid, 'SIGKILL')
  await cli.line('worker-ready', 4)
  releases.write('gate', '')
  await reloaded
  const before = load.total
  await until('the new generation answers', () => load.total > before + 50)
  const { refused, hung, wrong, reset } = await load.end()
  expect({ refused, hung, wrong }).toEqual({ refused: 0, hung: 0, wrong: 0 })
  expect(reset).toBeLessThanOrEqual(4)
  expect(cli.events('listener-bound')).toHaveLength(1)
})

it('lets a connection that comes while no worker lives wait, and serves it', async () => {
  await using cli = await Cli.serving(['--workers', '2', fixture('hello.mjs')])
  for (const pid of cli.liveWorkerPids) process.kill(pid, 'SIGKILL')
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask({ port: cli.port })))
  expect(answers.map(({ result }) => result)).toEqual(Array.from({ length: 20 }, () => 'ok'))
})

it('refuses at once when a stop begins, while requests in flight are still answered', async () => {
  await using cli = await Cli.serving(['--workers', '2', fixture('hello.mjs')])
  const slow = ask({ port: cli.port, path: '/slow' })
  await until('the slow request is being worked on', async () => (await ask({ port: cli.port })).result === 'ok')
  cli.signal('SIGTERM')
  await cli.line('stopping')
  const late: string[] = []
  await until('a new connection is refused', async () => {
    const { result } = await ask({ port: cli.port, patienceMs: 1000 })
    if (result !== 'ok') late.push(result)
    return result === 'refused'
  })
  // What comes between the last look at a socket's queue and its close, the kernel resets: one connection at most.
  expect([['refused'], ['reset', 'refused']]).toContainEqual(late)
  expect((await slow).result).toBe('ok')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it('keeps the port that the system chose when all workers are replaced', async () => {
  await using cli = await Cli.serving(['--workers', '2', fixture('hello.mjs')])
  const first = await ask({ port: cli.port })
  for (const pid of cli.liveWorkerPids) process.kill(pid, 'SIGKILL')
  await cli.line('worker-ready', 4)
  const second = await ask({ port: cli.port })
  expect(second.result).toBe('ok')
  expect(second.body).not.toBe(first.body)
  expect(cli.events('listener-bound')).toHaveLength(1)
})

it('loses nothing at all without an accident', async () => {
  await using cli = await Cli.serving(['--workers', '2', fixture('hello.mjs')])
  const loads = (['fresh', 'keep-alive'] as const).map((mode) => new Load({ port: cli.port, clients: 4, mode }))
  await until('both have asked often', () => loads.every((load) => load.total > 300))
  for (const load of loads) expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
})
