import { expect, it } from 'vitest'
import { Cli, fixture, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

it('tells a second server of one worker that its port is in use, as Node alone does, and the app goes on', async () => {
  const port = await freePort()
  const env = { APP_PORT: String(port) }
  await using cli = await Cli.serving(['--workers', '2', fixture('socket-second-listen.mjs')], { env })
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask({ port })))
  expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['EADDRINUSE']))
  expect(cli.events('listener-bound')).toHaveLength(1)
  expect(cli.events('listener-waiting')).toEqual([])
})

it('leaves the port to the first server when the second one has been refused and a worker is replaced', async () => {
  const port = await freePort()
  const env = { APP_PORT: String(port) }
  await using cli = await Cli.serving([fixture('socket-second-listen.mjs')], { env })
  process.kill(cli.workerPids[0] ?? NOBODY, 'SIGKILL')
  await cli.line('worker-ready', 2)
  await until('the replacement answers', async () => (await ask({ port })).body === 'EADDRINUSE')
})

it('does not start an app whose second server is refused and that does not handle it', async () => {
  const env = { APP_PORT: String(await freePort()), HANDLED: 'no' }
  await using cli = new Cli([fixture('socket-second-listen.mjs')], { env })
  expect(await cli.exit()).toEqual({ code: 3, signal: null })
  expect(cli.stderr).toContain('SUPERVISOR_ADDRESS_REFUSED')
})
