import { expect, it, vi } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { NOBODY, isAlive, type Cli } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { NO_LOSSES, Traffic } from '../harness/traffic.ts'
import { until } from '../harness/until.ts'
import { exporting } from './release.ts'

/** Every reload starts some processes: where others want the processors too, many of them take their time. */
vi.setConfig({ testTimeout: 120_000 })

/** Longer than what counts as the same key press. */
const SECOND_PRESS_MS = 300

const APP = exporting('one')
  .replace("request.url === '/ready'", "request.url === '/is-ready'")
  .replace('response.writeHead(READY_STATUS).end()', 'response.end(String(worker.isReady))')
const FILES = { 'app.mjs': `import { worker } from '@prefork/supervisor/worker'\n${APP}` }

async function serving(project: Project, seconds: string): Promise<Cli> {
  const args = ['--workers', '2', '--bind', '127.0.0.1:0', '--ready-path', '/ready', '--shutdown-delay', seconds]
  return project.serving([...args, 'app.mjs'])
}

it('keeps serving, not ready any more, until the delay is over; a second TERM ends it at once', async () => {
  using project = new Project(FILES, 'supervisor')
  await using cli = await serving(project, '3600')
  const { port } = cli
  expect((await ask({ port, path: '/is-ready' })).body).toBe('true')
  expect((await ask({ port, path: '/ready' })).status).toBe(200)
  const traffic = new Traffic({ port }, 1)
  cli.signal('SIGTERM')
  const begun = performance.now()
  expect(await cli.line('shutdown-delayed')).toMatchObject({ origin: 'SIGTERM', forMs: 3_600_000 })
  await until('no worker says that it is ready', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask({ port, path: '/ready' })))
    return answers.every(({ status }) => status === 503)
  })
  await until('every worker knows it', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask({ port, path: '/is-ready' })))
    return answers.every(({ body }) => body === 'false')
  })
  await traffic.more()
  expect(await traffic.end()).toEqual(NO_LOSSES)
  // A worker that crashes now is replaced, and its replacement is not ready either.
  for (const pid of cli.liveWorkerPids) process.kill(pid, 'SIGKILL')
  await cli.line('worker-ready', 4)
  expect((await ask({ port })).result).toBe('ok')
  expect((await ask({ port, path: '/ready' })).status).toBe(503)
  expect(cli.events('stopping')).toEqual([])

  const never = ask({ port, path: '/never', patienceMs: 30_000 })
  await until('a request without end is being served', () => cli.stdout.includes('[never]'))
  await until('the second one is another key press', () => performance.now() - begun > SECOND_PRESS_MS)
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 1, signal: null })
  expect((await never).result).toBe('reset')
  expect(isAlive(-(cli.pid || NOBODY))).toBe(false)
})

it('drains when the delay is over', async () => {
  using project = new Project(FILES, 'supervisor')
  await using cli = await serving(project, '0.5')
  const { port } = cli
  const traffic = new Traffic({ port }, 1)
  await traffic.more()
  cli.signal('SIGTERM')
  await cli.line('shutdown-delayed')
  const stopping = await cli.line('stopping')
  expect(Number(stopping['time']) - Number(cli.events('shutdown-delayed')[0]?.['time'])).toBeGreaterThanOrEqual(490)
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  // From now on connections are refused; what had been taken was answered.
  const { hung, wrong } = await traffic.end()
  expect({ hung, wrong }).toEqual({ hung: 0, wrong: 0 })
  expect(cli.events('worker-killed')).toEqual([])
  expect(cli.events('worker-exited').map(({ code }) => code)).toEqual([0, 0])
})

it('refuses a reload during the delay, and goes on', async () => {
  using project = new Project(FILES, 'supervisor')
  await using cli = await serving(project, '3600')
  const pids = cli.workerPids
  cli.signal('SIGTERM')
  await cli.line('shutdown-delayed')
  cli.signal('SIGHUP')
  // What comes later than the signal shows that nothing has come of it.
  process.kill(pids[0] ?? NOBODY, 'SIGKILL')
  expect(await cli.line('worker-ready', 3)).toMatchObject({ generation: 1 })
  expect((await ask({ port: cli.port })).result).toBe('ok')
  expect(cli.liveWorkerPids).toContain(pids[1])
  expect(cli.events('reload-started')).toEqual([])
})
