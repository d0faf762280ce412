import { expect, it } from 'vitest'
import { Cli, fixture } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { freePort } from '../harness/free-port.ts'
import { ascending, pidsBehind } from './everyone.ts'

const APPS: Readonly<Record<string, string>> = {
  'export-handler.mjs': 'a default export (request, response)',
  'export-handler.cjs': 'module.exports = (request, response)',
  'export-express-like.cjs': 'an app that is a function, as in Express',
}

for (const [app, kind] of Object.entries(APPS)) {
  it(`serves ${kind} from every worker`, async () => {
    await using cli = await Cli.serving(['--workers', '2', '--bind', '127.0.0.1:0', fixture(app)])
    expect(await pidsBehind(2, { port: cli.port })).toEqual(ascending(cli.workerPids))
  })
}

it('runs the handlers of an app like those of Express', async () => {
  await using cli = await Cli.serving(['--bind', '127.0.0.1:0', fixture('export-express-like.cjs')])
  const { headers } = await ask({ port: cli.port })
  expect(headers?.['x-powered-by']).toBe('handlers')
})

it('binds to --bind host:port, and to nothing else', async () => {
  const port = await freePort()
  await using cli = await Cli.serving(['--bind', `127.0.0.1:${port}`, fixture('export-handler.mjs')])
  expect(cli.events('listener-bound').map((line) => line['address'])).toEqual([`127.0.0.1:${port}`])
  expect((await ask({ port })).body).toBe(String(cli.workerPids[0]))
})

it('binds --bind :port to all interfaces', async () => {
  const port = await freePort()
  await using cli = await Cli.serving(['--bind', `:${port}`, fixture('export-handler.mjs')])
  // Without IPv6 all there are is 0.0.0.0.
  expect([`[::]:${port}`, `0.0.0.0:${port}`]).toContain(cli.address)
  expect((await ask({ port })).body).toBe(String(cli.workerPids[0]))
})

it('binds to --bind unix:/path', async () => {
  using folder = new Folder()
  const socketPath = `${folder.path}/app.sock`
  await using cli = await Cli.serving(['--workers', '2', '--bind', `unix:${socketPath}`, fixture('export-handler.cjs')])
  expect(cli.address).toBe(`unix:${socketPath}`)
  expect(await pidsBehind(2, { socketPath })).toEqual(ascending(cli.workerPids))
})

it('binds to every --bind that is given', async () => {
  using folder = new Folder()
  const ports = [await freePort(), await freePort()]
  const socketPath = `${folder.path}/app.sock`
  const bind = [`127.0.0.1:${ports[0]}`, `127.0.0.1:${ports[1]}`, `unix:${socketPath}`]
  const args = ['--workers', '2', ...bind.flatMap((address) => ['--bind', address]), fixture('export-handler.mjs')]
  await using cli = await Cli.serving(args)
  expect(
    cli
      .events('listener-bound')
      .map((line) => String(line['address']))
      .toSorted(),
  ).toEqual(bind.toSorted())
  for (const place of [...ports.map((port) => ({ port })), { socketPath }]) {
    expect(await pidsBehind(2, place)).toEqual(ascending(cli.workerPids))
  }
})

it('gives each --bind with port 0 a port of its own', async () => {
  const bind = ['--bind', '127.0.0.1:0', '--bind', '127.0.0.1:0']
  await using cli = await Cli.serving(['--workers', '2', ...bind, fixture('export-handler.mjs')])
  const ports = cli.events('listener-bound').map((line) => Number(String(line['address']).split(':').at(-1)))
  expect(new Set(ports).size).toBe(2)
  for (const port of ports) expect(await pidsBehind(2, { port })).toEqual(ascending(cli.workerPids))
})

it('binds to all interfaces on PORT', async () => {
  const port = await freePort()
  await using cli = await Cli.serving([fixture('export-handler.mjs')], { env: { PORT: String(port) } })
  expect(cli.address).toBe(`0.0.0.0:${port}`)
  expect((await ask({ port })).body).toBe(String(cli.workerPids[0]))
})

it('prefers --bind to PORT', async () => {
  const [port, other] = [await freePort(), await freePort()]
  const args = ['--bind', `127.0.0.1:${port}`, fixture('export-handler.mjs')]
  await using cli = await Cli.serving(args, { env: { PORT: String(other) } })
  expect(cli.events('listener-bound').map((line) => line['address'])).toEqual([`127.0.0.1:${port}`])
  expect((await ask({ port: other })).result).toBe('refused')
})

it('runs as many workers as WEB_CONCURRENCY says, unless --workers says otherwise', async () => {
  const args = ['--bind', '127.0.0.1:0', fixture('export-handler.mjs')]
  await using cli = await Cli.serving(args, { env: { WEB_CONCURRENCY: '3' } })
  expect(await pidsBehind(3, { port: cli.port })).toEqual(ascending(cli.workerPids))
  await using other = await Cli.serving(['--workers', '2', ...args], { env: { WEB_CONCURRENCY: '3' } })
  expect(await pidsBehind(2, { port: other.port })).toEqual(ascending(other.workerPids))
})
