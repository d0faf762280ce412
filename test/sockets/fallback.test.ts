import { Agent } from 'node:http'
import { expect, it } from 'vitest'
import { ascending, pidsBehind } from '../apps/everyone.ts'
import { Cli, fixture, NOBODY } from '../harness/cli.ts'
import { ask, Load, type Answer } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

/** With node:cluster in between, what is bound is not the supervisor's to tell: the port is chosen here. */
async function serve(workers: number, app = 'hello.mjs'): Promise<{ cli: Cli; port: number }> {
  const port = await freePort()
  const args = ['--accept', 'cluster', '--workers', String(workers), fixture(app)]
  const cli = await Cli.serving(args, { env: { APP_PORT: String(port), SLOW_MS: '1500' } })
  return { cli, port }
}

it('serves from all workers when node:cluster hands the connections out', async () => {
  const { cli, port } = await serve(4)
  await using _ = cli
  expect(await pidsBehind(4, { port })).toEqual(ascending(cli.workerPids))
  expect(cli.events('worker-warning')).toEqual([])
})

it('hands connections out in turn, which workers that accept by themselves would not', async () => {
  const { cli, port } = await serve(4)
  await using _ = cli
  const pids: string[] = []
  for (let request = 0; request < 40; request++) pids.push((await ask({ port })).body)
  expect(pids.filter((pid, index) => pid === pids[index - 1])).toEqual([])
})

it('serves an app that exports, too', async () => {
  const port = await freePort()
  const args = ['--accept', 'cluster', '--workers', '2', '--bind', `127.0.0.1:${port}`, fixture('export-handler.mjs')]
  await using cli = await Cli.serving(args)
  expect(await pidsBehind(2, { port })).toEqual(ascending(cli.workerPids))
})

it('replaces a worker that was killed', async () => {
  const { cli, port } = await serve(2)
  await using _ = cli
  const killed = cli.workerPids[0] ?? NOBODY
  process.kill(killed, 'SIGKILL')
  const ready = await cli.line('worker-ready', 3)
  const pids = await pidsBehind(2, { port })
  expect(pids).toEqual(ascending(cli.liveWorkerPids))
  expect(pids).toContain(ready.workerPid)
})

it('replaces a worker that was sent SIGTERM, and loses none of its requests', async () => {
  const { cli, port } = await serve(2)
  await using _ = cli
  const slow = Array.from({ length: 6 }, () => ask({ port, path: '/slow' }))
  // Connections are handed out in order: who has answered a later one has taken in all earlier ones.
  await pidsBehind(2, { port })
  process.kill(cli.workerPids[0] ?? NOBODY, 'SIGTERM')
  expect(await Promise.all(slow)).toEqual(slow.map(() => expect.objectContaining({ result: 'ok' })))
  await Promise.all([cli.line('worker-ready', 3), cli.line('worker-exited')])
  expect(await pidsBehind(2, { port })).toEqual(ascending(cli.liveWorkerPids))
})

it('loses no request in flight when it is stopped under load', async () => {
  const { cli, port } = await serve(2)
  await using _ = cli
  const fresh = new Load({ port, clients: 4, mode: 'fresh' })
  const keptAlive = Array.from({ length: 4 }, () => useUntilClosed(port))
  await until('the load has asked often', () => fresh.total > 50)
  const slow = Array.from({ length: 6 }, () => ask({ port, path: '/slow' }))
  const streams = Array.from({ length: 2 }, () => ask({ port, path: '/stream' }))
  // Connections are handed out in order: who has answered a later one has taken in all earlier ones.
  await pidsBehind(2, { port })
  cli.signal('SIGTERM')
  for (const { result, error } of await Promise.all([...slow, ...streams])) {
    expect({ result, error }).toEqual({ result: 'ok' })
  }
  for (const { result, error } of await Promise.all(keptAlive)) expect({ result, error }).toEqual({ result: 'ok' })
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  const { hung, wrong, reset } = await fresh.end()
  expect({ hung, wrong }).toEqual({ hung: 0, wrong: 0 })
  // When the last worker closes, node:cluster loses what it has under way to it, and a moment later, with its own listener,
  // what waits in the kernel's queue. A client asks for one thing at a time, and may be in both: twice each at most.
  expect(reset).toBeLessThanOrEqual(2 * 4)
})

/** Asks over one connection until an answer says that it was the last one there, or is none. Returns that answer. */
async function useUntilClosed(port: number): Promise<Answer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    for (;;) {
      const answer = await ask({ port, agent })
      if (answer.result !== 'ok' || answer.headers?.['connection'] === 'close') return answer
    }
  } finally {
    agent.destroy()
  }
}
