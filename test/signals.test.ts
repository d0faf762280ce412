import { expect, it } from 'vitest'
import { Cli, fixture, NOBODY } from './harness/cli.ts'
import { ask, failuresOf, Load, NO_FAILURES } from './harness/client.ts'
import { Folder } from './harness/folder.ts'
import { until } from './harness/until.ts'

const APP = fixture('hello.mjs')

it('adds a worker on SIGTTIN and takes one away on SIGTTOU, down to one', async () => {
  await using cli = await Cli.serving(['--workers', '1', APP])
  cli.signal('SIGTTIN')
  await cli.line('worker-ready', 2)
  cli.signal('SIGTTIN')
  expect(await cli.line('worker-ready', 3)).toMatchObject({ index: 2 })
  cli.signal('SIGTTOU')
  expect(await cli.line('worker-exited')).toMatchObject({ index: 2, code: 0, reason: 'scaled-down' })
  cli.signal('SIGTTOU')
  expect(await cli.line('worker-exited', 2)).toMatchObject({ index: 1, code: 0, reason: 'scaled-down' })
  cli.signal('SIGTTOU')
  expect(await cli.line('scale-refused')).toMatchObject({ workers: 1, limit: 1 })
  expect((await ask({ port: cli.port })).result).toBe('ok')
})

it('replaces a worker that is sent SIGTERM, after its requests, without counting a failure', async () => {
  await using cli = await Cli.serving(['--workers', '1', APP])
  const [pid = NOBODY] = cli.workerPids
  const slow = ask({ port: cli.port, path: '/slow' })
  await until('the slow request is being worked on', async () => (await ask({ port: cli.port })).result === 'ok')
  process.kill(pid, 'SIGTERM')
  expect(await slow).toMatchObject({ result: 'ok', body: String(pid) })
  expect(await cli.line('worker-exited')).toMatchObject({ code: 0, reason: 'signalled' })
  await cli.line('worker-ready', 2)
})

it('lets a worker be when it is sent SIGINT or SIGHUP', async () => {
  await using cli = await Cli.serving(['--workers', '1', APP])
  const [pid = NOBODY] = cli.workerPids
  process.kill(pid, 'SIGINT')
  process.kill(pid, 'SIGHUP')
  const load = new Load({ port: cli.port, clients: 2, mode: 'fresh' })
  await until('many requests have been answered', () => load.total > 200)
  expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
  expect(cli.liveWorkerPids).toEqual([pid])
})

it.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)(
  'loses no request that it has taken when the whole process group gets %s',
  async (signal) => {
    await using cli = await Cli.serving(['--workers', '2', APP])
    const fresh = new Load({ port: cli.port, clients: 2, mode: 'fresh' })
    const kept = new Load({ port: cli.port, clients: 4, mode: 'keep-alive' })
    const long = ['/slow', '/stream', '/slow', '/stream'].map((path) => ask({ port: cli.port, path }))
    await until('all are being served', () => fresh.total > 100 && kept.total > 100)
    cli.signalGroup(signal)
    const exit = await cli.exit()
    expect(exit).toEqual({ code: 0, signal: null })
    for (const { result, error } of await Promise.all(long)) expect({ result, error }).toEqual({ result: 'ok' })
    // From the moment the stop begins new connections are refused. No process can close a listening socket and accept
    // what is queued on it in one step: a connection that comes in between is seen by nobody, and the kernel resets it.
    const tallies = [await fresh.end(), await kept.end()]
    for (const { hung, wrong, resetReused } of tallies) {
      expect({ hung, wrong, resetReused }).toEqual({ hung: 0, wrong: 0, resetReused: 0 })
    }
    expect(tallies.reduce((sum, { reset }) => sum + reset, 0)).toBeLessThanOrEqual(6)
    expect(cli.stdout).not.toContain('CUT OFF')
  },
)

it('keeps SIGUSR1 to itself', async () => {
  using folder = new Folder()
  const app = folder.write(
    'app.mjs',
    `import { createServer } from 'node:http'
     process.on('SIGUSR1', () => console.log('the app was signalled'))
     createServer((request, response) => response.end()).listen(0, '127.0.0.1')`,
  )
  await using cli = await Cli.serving(['--workers', '2', app])
  for (let count = 1; count <= 3; count++) {
    cli.signal('SIGUSR1')
    await cli.line('signal-ignored', count)
    expect((await ask({ port: cli.port })).result).toBe('ok')
  }
  expect(cli.stdout).not.toContain('the app was signalled')
  // The app would have been told, had it been sent.
  process.kill(cli.workerPids[0] ?? NOBODY, 'SIGUSR1')
  await until('the app is told', () => cli.stdout.includes('the app was signalled'))
})
