import { expect, it } from 'vitest'
import { Cli, fixture } from '../harness/cli.ts'
import { ask, Load } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'
import { ascending, everyone, factsOf, type Facts } from './everyone.ts'

interface PortFacts extends Facts {
  readonly port: number
}

interface ListenFacts extends PortFacts {
  /** How often the app's server has listened so far. */
  readonly listens: number
}

function boundPorts(cli: Cli): number[] {
  return ascending(cli.events('listener-bound').map((line) => Number(String(line['address']).split(':').at(-1))))
}

function serveOn(ports: readonly number[]): Promise<Cli> {
  return Cli.serving(['--workers', '2', fixture('listen-several.mjs')], { env: { PORTS: JSON.stringify(ports) } })
}

async function expectAllWorkersOn(cli: Cli, port: number): Promise<void> {
  const found = await everyone(2, () => factsOf<PortFacts>({ port }))
  expect(ascending(found.map(({ pid }) => pid))).toEqual(ascending(cli.liveWorkerPids))
  for (const facts of found) expect(facts.port).toBe(port)
}

it('shares each of the ports that one app listens on among all workers', async () => {
  const ports = [await freePort(), await freePort(), await freePort()]
  await using cli = await serveOn(ports)
  expect(boundPorts(cli)).toEqual(ascending(ports))
  for (const port of ports) await expectAllWorkersOn(cli, port)
})

it('gives two servers that listen on port 0 two ports, each shared by all workers, and keeps both', async () => {
  await using cli = await serveOn([0, 0])
  const ports = boundPorts(cli)
  expect(new Set(ports).size).toBe(2)
  for (const port of ports) await expectAllWorkersOn(cli, port)
  for (const pid of cli.liveWorkerPids) process.kill(pid, 'SIGKILL')
  await cli.line('worker-ready', 4)
  for (const port of ports) await expectAllWorkersOn(cli, port)
  expect(boundPorts(cli)).toEqual(ports)
})

/** The app's facts; nothing if it has closed the connection, as a server of Node does that closes (26: even new ones). */
async function factsUnlessClosed(port: number, path: string): Promise<ListenFacts | null> {
  const { result, body, error } = await ask({ port, path })
  if (result === 'ok') return JSON.parse(body) as ListenFacts
  expect({ result, error }).toEqual({ result: 'reset', error: expect.anything() })
  return null
}

for (const kind of ['a fixed port', 'port 0'] as const) {
  it(`lets an app close its server and listen again on ${kind}, where all workers still share it`, async () => {
    const env = { APP_PORT: String(kind === 'port 0' ? 0 : await freePort()) }
    await using cli = await Cli.serving(['--workers', '2', fixture('listen-again.mjs')], { env })
    const { port } = cli
    const seen = new Map<number, ListenFacts>()
    await until('every worker has listened three times', async () => {
      const asked = await Promise.all(Array.from({ length: 4 }, () => factsUnlessClosed(port, '/again')))
      for (const facts of asked) if (facts !== null) seen.set(facts.pid, facts)
      return cli.workerPids.every((pid) => (seen.get(pid)?.listens ?? 0) >= 3)
    })
    const found = await everyone(2, () => settled(port))
    expect(ascending(found.map(({ pid }) => pid))).toEqual(ascending(cli.workerPids))
    for (const facts of found) expect(facts.port).toBe(port)
    expect(cli.events('listener-bound')).toHaveLength(1)
    expect(cli.events('worker-exited')).toEqual([])
  })
}

/** The first answer: the last server that was told to close may still be about to. */
function settled(port: number): Promise<ListenFacts> {
  return until('the app answers', () => factsUnlessClosed(port, '/'))
}

it('refuses nobody while servers close and listen again', async () => {
  await using cli = await Cli.serving(['--workers', '2', fixture('listen-again.mjs')])
  const load = new Load({ port: cli.port, clients: 4, mode: 'fresh', path: '/again' })
  await until('there was much closing and listening', () => load.total > 200)
  const { refused, hung, wrong } = await load.end()
  expect({ refused, hung, wrong }).toEqual({ refused: 0, hung: 0, wrong: 0 })
})

it('stops an app with several servers without leaving one of them', async () => {
  const ports = [await freePort(), await freePort()]
  await using cli = await serveOn(ports)
  for (const port of ports) expect(await pidsOn(port)).toEqual(ascending(cli.workerPids))
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  await using next = await serveOn(ports)
  expect(next.events('listener-waiting')).toEqual([])
})

async function pidsOn(port: number): Promise<number[]> {
  return ascending((await everyone(2, () => factsOf<PortFacts>({ port }))).map(({ pid }) => pid))
}
