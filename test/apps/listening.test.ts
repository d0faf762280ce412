import { expect, it } from 'vitest'
import { Cli, fixture } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { freePort } from '../harness/free-port.ts'
import { askOver, PROTOCOLS, type Place, type Protocol } from './ask-over.ts'
import { ascending, everyone, type Facts } from './everyone.ts'

/** What `listen-protocol` answers: `address` is what its own `server.address()` says. */
interface Answer extends Facts {
  readonly address: string | { readonly address: string; readonly port: number }
}

const APPS = ['listen-protocol.cjs', 'listen-protocol.mjs'] as const
const KINDS = { cjs: 'CommonJS', mjs: 'ESM' } as const

function serve(app: string, protocol: Protocol, listen: readonly unknown[], workers = 2): Promise<Cli> {
  const env = { PROTOCOL: protocol, LISTEN: JSON.stringify(listen) }
  return Cli.serving(['--workers', String(workers), fixture(app)], { env })
}

function answers(protocol: Protocol, place: Place, count = 2): Promise<Answer[]> {
  return everyone(count, async () => JSON.parse(await askOver(protocol, place)) as Answer)
}

for (const app of APPS) {
  const kind = KINDS[app.slice(-3) as keyof typeof KINDS]
  for (const protocol of PROTOCOLS) {
    it(`serves an unmodified ${kind} app that listens, over ${protocol}, from every worker`, async () => {
      await using cli = await serve(app, protocol, [{ host: '127.0.0.1', port: 0 }])
      const found = await answers(protocol, { port: cli.port })
      expect(ascending(found.map(({ pid }) => pid))).toEqual(ascending(cli.workerPids))
      const address = expect.objectContaining({ address: '127.0.0.1', port: cli.port })
      for (const answer of found) expect(answer.address).toEqual(address)
    })
  }
}

const FORMS: Readonly<Record<string, (port: number) => readonly unknown[]>> = {
  'listen(port)': (port) => [port],
  'listen(port, host)': (port) => [port, '127.0.0.1'],
  'listen({ host, port })': (port) => [{ host: '127.0.0.1', port, backlog: 64 }],
  'listen("port")': (port) => [String(port)],
}

for (const [form, listen] of Object.entries(FORMS)) {
  it(`serves on the port that was asked for with ${form}`, async () => {
    const port = await freePort()
    await using cli = await serve('listen-protocol.cjs', 'http', listen(port))
    const found = await answers('http', { port })
    expect(ascending(found.map(({ pid }) => pid))).toEqual(ascending(cli.workerPids))
    for (const { address } of found) expect(address).toMatchObject({ port })
  })
}

for (const listen of [[0], [], [{ port: 0 }]] as const) {
  it(`gives all workers one port for listen(${JSON.stringify(listen).slice(1, -1)})`, async () => {
    await using cli = await serve('listen-protocol.mjs', 'http', listen, 4)
    const found = await answers('http', { port: cli.port }, 4)
    expect(ascending(found.map(({ pid }) => pid))).toEqual(ascending(cli.workerPids))
    for (const { address } of found) expect(address).toMatchObject({ port: cli.port })
    expect(cli.events('listener-bound')).toHaveLength(1)
  })
}

const PATH_FORMS: Readonly<Record<string, readonly [Protocol, (path: string) => readonly unknown[]]>> = {
  'listen(path)': ['http', (path) => [path]],
  'listen({ path })': ['net', (path) => [{ path }]],
}

for (const [form, [protocol, listen]] of Object.entries(PATH_FORMS)) {
  it(`serves on a Unix socket with ${form}, and the app can ask for its address`, async () => {
    using folder = new Folder()
    const path = `${folder.path}/app.sock`
    await using cli = await serve('listen-protocol.cjs', protocol, listen(path))
    const found = await answers(protocol, { path })
    expect(ascending(found.map(({ pid }) => pid))).toEqual(ascending(cli.workerPids))
    for (const { address } of found) expect(address).toBe(path)
  })
}
