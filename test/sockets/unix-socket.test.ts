import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { expect, it } from 'vitest'
import { ascending, pidsBehind } from '../apps/everyone.ts'
import { Cli, fixture, isAlive, NOBODY } from '../harness/cli.ts'
import { ask, Load } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'

/** An app that listens by itself, as most do. */
function start(path: string, workers = 1): Cli {
  const env = { PROTOCOL: 'http', LISTEN: JSON.stringify([path]) }
  return new Cli(['--workers', String(workers), fixture('listen-protocol.mjs')], { env })
}

function bindTo(path: string, workers = 1): Cli {
  return new Cli(['--workers', String(workers), '--bind', `unix:${path}`, fixture('export-handler.mjs')])
}

async function expectRefused(cli: Cli, path: string): Promise<void> {
  expect(await cli.exit()).toEqual({ code: 3, signal: null })
  expect(cli.stderr).toContain(path)
  expect(cli.stderr).toContain('SUPERVISOR_ADDRESS_REFUSED')
}

// Those that have to wait for an address that does not get free do so side by side.

it.concurrent('refuses a path that another server answers on, and leaves that server alone', async () => {
  using folder = new Folder()
  const path = `${folder.path}/app.sock`
  const other = createServer((_request, response) => response.end('the other server'))
  await new Promise<void>((resolve) => other.listen(path, resolve))
  try {
    const { ino } = lstatSync(path)
    await using cli = start(path)
    await expectRefused(cli, path)
    expect(lstatSync(path).ino).toBe(ino)
    expect((await ask({ socketPath: path })).body).toBe('the other server')
    expect(readdirSync(folder.path)).toEqual(['app.sock'])
  } finally {
    other.close()
  }
})

it.concurrent('refuses a path where a regular file is, and leaves the file alone', async () => {
  using folder = new Folder()
  const path = folder.write('app.sock', 'precious')
  await using cli = bindTo(path)
  await expectRefused(cli, path)
  expect(readFileSync(path, 'utf8')).toBe('precious')
  expect(readdirSync(folder.path)).toEqual(['app.sock'])
})

it.concurrent('refuses a path that another supervisor has bound, although its workers still boot', async () => {
  using folder = new Folder()
  const path = `${folder.path}/app.sock`
  const gate = `${folder.path}/gate`
  await using first = new Cli([fixture('socket-slow-boot.mjs')], { env: { SOCKET: path, GATE: gate } })
  await first.line('listener-bound')
  await using second = start(path)
  await expectRefused(second, path)
  expect(first.events('worker-ready')).toEqual([])
  folder.write('gate', '')
  await first.line('serving')
  expect((await ask({ socketPath: path })).body).toBe(String(first.workerPids[0]))
})

it.concurrent('takes a path that another supervisor gives up while it waits', async () => {
  using folder = new Folder()
  const path = `${folder.path}/app.sock`
  await using first = bindTo(path)
  await first.line('serving')
  await using second = bindTo(path)
  await second.line('listener-waiting')
  first.signal('SIGTERM')
  await second.line('serving')
  expect((await ask({ socketPath: path })).body).toBe(String(second.workerPids[0]))
})

it('replaces the file that a supervisor has left behind when it was killed', async () => {
  using folder = new Folder()
  const path = `${folder.path}/app.sock`
  await using killed = bindTo(path, 2)
  await killed.line('serving')
  killed.signal('SIGKILL')
  await until('nothing of it is left', () => !killed.workerPids.some(isAlive) && !isAlive(killed.pid))
  const stale = lstatSync(path)
  await using next = bindTo(path, 2)
  await next.line('serving')
  expect(next.events('listener-waiting')).toEqual([])
  expect(await pidsBehind(2, { socketPath: path })).toEqual(ascending(next.workerPids))
  expect([lstatSync(path).ino, lstatSync(path).ctimeMs]).not.toEqual([stale.ino, stale.ctimeMs])
})

it('removes the file and its lock when it is stopped', async () => {
  using folder = new Folder()
  const path = `${folder.path}/app.sock`
  await using cli = bindTo(path, 2)
  await cli.line('serving')
  expect(existsSync(path)).toBe(true)
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(readdirSync(folder.path)).toEqual([])
})

it('removes the file and its lock when the app could not boot', async () => {
  using folder = new Folder()
  const app = folder.write(
    'app.mjs',
    `import { createServer } from 'node:http'
    createServer().listen(${JSON.stringify(`${folder.path}/app.sock`)}, () => process.exit(1))`,
  )
  await using cli = new Cli([app])
  expect(await cli.exit()).toEqual({ code: 3, signal: null })
  expect(cli.events('listener-bound')).toHaveLength(1)
  expect(readdirSync(folder.path)).toEqual(['app.mjs'])
})

it('keeps the file while workers come and go', async () => {
  using folder = new Folder()
  const path = `${folder.path}/app.sock`
  await using cli = start(path, 2)
  await cli.line('serving')
  const { ino } = lstatSync(path)
  const [killed = NOBODY, left = NOBODY] = cli.workerPids
  process.kill(killed, 'SIGKILL')
  process.kill(left, 'SIGTERM')
  await Promise.all([cli.line('worker-ready', 4), cli.line('worker-exited', 2)])
  expect(lstatSync(path).ino).toBe(ino)
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask({ socketPath: path })))
  for (const { result } of answers) expect(result).toBe('ok')
})

it('loses no request on a Unix socket when it is stopped', async () => {
  using folder = new Folder()
  const path = `${folder.path}/app.sock`
  const app = folder.write('app.mjs', SLOW_APP)
  await using cli = new Cli(['--workers', '2', '--bind', `unix:${path}`, app])
  await cli.line('serving')
  const load = new Load({ socketPath: path, clients: 4, mode: 'keep-alive' })
  await until('the load has asked often', () => load.total > 50)
  const slow = Array.from({ length: 6 }, () => ask({ socketPath: path, path: '/slow' }))
  await until('all slow requests are being worked on', () => linesOf(cli, 'slow').length === slow.length)
  cli.signal('SIGTERM')
  for (const { result, error } of await Promise.all(slow)) expect({ result, error }).toEqual({ result: 'ok' })
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  for (const { code } of cli.events('worker-exited')) expect(code).toBe(0)
  const { reset, hung, wrong } = await load.end()
  expect({ reset, hung, wrong }).toEqual({ reset: 0, hung: 0, wrong: 0 })
})

/** Tells of a slow request when it has come. */
const SLOW_APP = `
export default (request, response) => {
  if (request.url !== '/slow') return response.end('quick')
  console.log('slow')
  setTimeout(() => response.end('slow'), 500)
}`

function linesOf(cli: Cli, text: string): string[] {
  return cli.stdout.split('\n').filter((line) => line === text)
}

it('says when a path is too long for a socket, and takes the longest that is not', async () => {
  using folder = new Folder()
  const longest = `${folder.path}/`.padEnd(107, 'x')
  await using cli = bindTo(longest)
  await cli.line('serving')
  expect((await ask({ socketPath: longest })).body).toBe(String(cli.workerPids[0]))
  await using refused = bindTo(`${longest}x`)
  await expectRefused(refused, `${longest}x is too long for a Unix socket`)
  expect(refused.stderr).toContain('107 bytes')
})
