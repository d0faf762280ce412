import { expect, it } from 'vitest'
import { Cli, fixture, isAlive } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

it('ends the workers of a supervisor that was killed, and gives the port to the next one at once', async () => {
  const port = await freePort()
  const env = { APP_PORT: String(port) }
  await using killed = await Cli.serving(['--workers', '4', fixture('hello.mjs')], { env })
  const orphans = killed.workerPids
  killed.signal('SIGKILL')
  await using next = await Cli.serving(['--workers', '4', fixture('hello.mjs')], { env })
  await until('the workers of the killed supervisor have gone', () => !orphans.some(isAlive))
  const answer = await ask({ port })
  expect(next.workerPids).toContain(Number(answer.body))
})

it('lets the workers of a killed supervisor finish their requests', async () => {
  await using cli = await Cli.serving(['--workers', '2', fixture('hello.mjs')])
  const answers = [ask({ port: cli.port, path: '/slow' }), ask({ port: cli.port, path: '/stream' })]
  await until('both are being worked on', async () => (await ask({ port: cli.port })).result === 'ok')
  cli.signal('SIGKILL')
  for (const { result, error } of await Promise.all(answers)) expect({ result, error }).toEqual({ result: 'ok' })
  await until('the workers have gone', () => !cli.workerPids.some(isAlive))
})

it('ends workers that had not even loaded their app', async () => {
  using folder = new Folder()
  await using cli = new Cli(['--workers', '2', fixture('listen-late.mjs')], { env: { GATE: `${folder.path}/gate` } })
  await cli.line('starting')
  await until('the workers run', () => isAlive(-cli.pid))
  cli.signal('SIGKILL')
  await until('nothing of the group is left', () => !isAlive(-cli.pid))
})

it('leaves only a worker that is blocked, and that one has let go of nothing but itself', async () => {
  const port = await freePort()
  const env = { APP_PORT: String(port) }
  await using killed = await Cli.serving(['--workers', '2', fixture('block-on-request.mjs')], { env })
  void ask({ port, path: '/block', patienceMs: 1000 })
  // A blocked worker answers nobody: all answers now come from the other one.
  const pids = new Set(killed.workerPids)
  await until('one worker is blocked', async () => {
    const { body } = await ask({ port })
    return pids.size === 2 && body !== ''
  })
  killed.signal('SIGKILL')
  await until('one worker is left', () => killed.liveWorkerPids.length === 1)
})

it('replaces the socket file and the lock that a killed supervisor has left behind', async () => {
  using folder = new Folder()
  const bind = `unix:${folder.path}/app.sock`
  const app = folder.write('app.mjs', 'export default (request, response) => response.end(String(process.pid))')
  await using killed = await Cli.serving(['--workers', '2', '--bind', bind, app])
  const orphans = killed.workerPids
  killed.signal('SIGKILL')
  await using next = await Cli.serving(['--workers', '2', '--bind', bind, app])
  await until('the workers of the killed supervisor have gone', () => !orphans.some(isAlive))
  const answer = await ask({ socketPath: `${folder.path}/app.sock` })
  expect(next.workerPids).toContain(Number(answer.body))
})
