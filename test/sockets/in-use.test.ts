import { expect, it } from 'vitest'
import { ascending, pidsBehind } from '../apps/everyone.ts'
import { Cli, fixture } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { Holder } from '../harness/holder.ts'

/** The errors that a person reads on the terminal. */
function errorsOf(cli: Cli): string[] {
  return cli.stderr.split('\n').filter((line) => line.startsWith('supervisor: '))
}

// They wait for a port that does not get free, and do so side by side.

for (const kind of ['listens', 'exports'] as const) {
  it.concurrent(`waits for a port in use, then says once that it is, for an app that ${kind}`, async () => {
    const port = await freePort()
    await using _ = await Holder.of(port)
    const args =
      kind === 'listens' ? [fixture('hello.mjs')] : ['--bind', `127.0.0.1:${port}`, fixture('export-handler.mjs')]
    await using cli = new Cli(['--workers', '4', ...args], { env: { APP_PORT: String(port) } })
    expect(await cli.exit()).toEqual({ code: 3, signal: null })
    expect(errorsOf(cli)).toEqual([`supervisor: 127.0.0.1:${port} is in use by another process.`])
    expect(cli.stderr.split('SUPERVISOR_ADDRESS_REFUSED')).toHaveLength(2)
    // Nothing of the four workers beside it: neither stacks nor repetitions.
    expect(cli.stderr.trim().split('\n')).toHaveLength(2)
    expect(cli.events('listener-waiting')).toHaveLength(1)
    expect(cli.events('worker-boot-failed')).toHaveLength(1)
  })
}

it.concurrent('lets one worker speak for all when the app itself says that a port is in use', async () => {
  const port = await freePort()
  await using _ = await Holder.of(port)
  const env = { APP_PORT: String(port) }
  await using cli = new Cli(['--workers', '4', fixture('socket-gives-up.mjs')], { env })
  expect(await cli.exit()).toEqual({ code: 3, signal: null })
  expect(cli.stderr.split('\n').filter((line) => line === 'giving up: EADDRINUSE')).toHaveLength(1)
  expect(errorsOf(cli)).toEqual([`supervisor: 127.0.0.1:${port} is in use by another process.`])
})

it.concurrent('starts when the port gets free in time', async () => {
  const port = await freePort()
  await using cli = await (async () => {
    await using _ = await Holder.of(port)
    const started = new Cli(['--workers', '2', fixture('hello.mjs')], { env: { APP_PORT: String(port) } })
    await started.line('listener-waiting')
    return started
  })()
  await cli.line('serving')
  expect(cli.events('listener-waiting')).toHaveLength(1)
  expect(await pidsBehind(2, { port })).toEqual(ascending(cli.workerPids))
})

it.concurrent('lets an app take another port, which all workers then share', async () => {
  const port = await freePort()
  await using _ = await Holder.of(port)
  const env = { APP_PORT: String(port) }
  await using cli = await Cli.serving(['--workers', '3', fixture('socket-other-port.mjs')], { env })
  expect(cli.port).not.toBe(port)
  expect(cli.events('listener-bound')).toHaveLength(1)
  expect(await pidsBehind(3, { port: cli.port })).toEqual(ascending(cli.workerPids))
  expect(cli.stderr).toBe('')
})

it.concurrent('stops at once although it waits for a port', async () => {
  const port = await freePort()
  await using _ = await Holder.of(port)
  await using cli = new Cli(['--workers', '2', fixture('hello.mjs')], { env: { APP_PORT: String(port) } })
  await cli.line('listener-waiting')
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(cli.stderr).toBe('')
})

it.concurrent('gives a port to the next supervisor as soon as the first one has let go of it', async () => {
  const port = await freePort()
  const env = { APP_PORT: String(port) }
  await using first = await Cli.serving(['--workers', '2', fixture('hello.mjs')], { env })
  await using second = new Cli(['--workers', '2', fixture('hello.mjs')], { env })
  await second.line('listener-waiting')
  first.signal('SIGTERM')
  await second.line('serving')
  expect(await first.exit()).toEqual({ code: 0, signal: null })
  expect(second.workerPids).toContain(Number((await ask({ port })).body))
})
