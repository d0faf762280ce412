import { expect, it } from 'vitest'
import { ascending, pidsBehind } from '../apps/everyone.ts'
import { Cli, fixture, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

function serve(options: object, workers = 1): Promise<Cli> {
  const env = { LISTEN: JSON.stringify({ host: '127.0.0.1', ...options }) }
  return Cli.serving(['--workers', String(workers), fixture('socket-options.mjs')], { env })
}

it('serves an app that listens with { exclusive: true }, and warns that its port is not held', async () => {
  const port = await freePort()
  await using cli = await serve({ port, exclusive: true })
  expect((await ask({ port })).body).toBe(String(cli.workerPids[0]))
  const warnings = cli.events('worker-warning')
  expect(warnings.map(({ code }) => code)).toEqual(['SUPERVISOR_LISTEN_NOT_SHARED'])
  expect(warnings[0]?.msg).toContain(`127.0.0.1:${port}`)
  expect(cli.events('listener-bound')).toEqual([])
})

it('serves an app that listens with { reusePort: true }, and warns once where Node goes past the supervisor', async () => {
  const port = await freePort()
  await using cli = await serve({ port, reusePort: true }, 2)
  expect(await pidsBehind(2, { port })).toEqual(ascending(cli.workerPids))
  // Node 20 ignores the option, so that the port is held; later versions bind it in each worker.
  const isHeld = cli.events('listener-bound').length > 0
  const warnings = cli.events('worker-warning')
  expect(warnings.map(({ code }) => code)).toEqual(isHeld ? [] : ['SUPERVISOR_LISTEN_NOT_SHARED'])
})

it('does not warn of an app that listens in the ordinary way', async () => {
  const port = await freePort()
  await using cli = await serve({ port, exclusive: false }, 2)
  expect(await pidsBehind(2, { port })).toEqual(ascending(cli.workerPids))
  expect(cli.events('worker-warning')).toEqual([])
})

it('replaces and drains a worker with a port of its own as any other', async () => {
  const port = await freePort()
  await using cli = await serve({ port, exclusive: true })
  process.kill(cli.workerPids[0] ?? NOBODY, 'SIGKILL')
  await cli.line('worker-ready', 2)
  await until('the replacement answers', async () => (await ask({ port })).body === String(cli.workerPids[1]))
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})
