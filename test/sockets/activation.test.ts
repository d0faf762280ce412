import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { ascending, pidsBehind } from '../apps/everyone.ts'
import { Cli, fixture, SUPERVISOR } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

const ACTIVATE = 'systemd-socket-activate'
const isMissing = spawnSync(ACTIVATE, ['--version']).status !== 0

/** Skipped where the program is missing, except where everything has to be tested. */
const activated = it.skipIf(isMissing && process.env['CI'] !== 'true')

/** The supervisor as systemd starts it: on the first connection to a port that somebody else has opened. */
async function activate(
  port: number,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Cli> {
  // The program hands down nothing but what it is told to.
  const settings = Object.entries(env).flatMap(([name, value]) => ['-E', `${name}=${value}`])
  const command = [ACTIVATE, ...settings, '-l', `127.0.0.1:${port}`, process.execPath, SUPERVISOR]
  const cli = new Cli(args, { command })
  try {
    await until('somebody answers on the activated port', async () => (await ask({ port })).result === 'ok')
    await cli.line('serving')
    return cli
  } catch (error) {
    await cli[Symbol.asyncDispose]()
    throw error
  }
}

async function expectServed(cli: Cli, port: number): Promise<void> {
  expect(await pidsBehind(2, { port })).toEqual(ascending(cli.liveWorkerPids))
  expect(cli.events('listener-bound').map((line) => line['address'])).toEqual([`127.0.0.1:${port}`])
  expect(cli.events('listener-waiting')).toEqual([])
}

async function expectServedAfterLoss(cli: Cli, port: number): Promise<void> {
  const lost = cli.liveWorkerPids
  for (const pid of lost) process.kill(pid, 'SIGKILL')
  await cli.line('worker-ready', 4)
  await expectServed(cli, port)
  expect(cli.liveWorkerPids).not.toEqual(expect.arrayContaining(lost))
}

activated(`serves an app that exports on the activated socket (needs ${ACTIVATE})`, async () => {
  const port = await freePort()
  await using cli = await activate(port, ['--workers', '2', fixture('export-handler.mjs')])
  await expectServed(cli, port)
  await expectServedAfterLoss(cli, port)
})

activated(`serves --bind fd://3 on the activated socket (needs ${ACTIVATE})`, async () => {
  const port = await freePort()
  await using cli = await activate(port, ['--workers', '2', '--bind', 'fd://3', fixture('export-handler.cjs')])
  await expectServed(cli, port)
  await expectServedAfterLoss(cli, port)
})

activated(`gives the activated socket to an app that listens on descriptor 3 (needs ${ACTIVATE})`, async () => {
  const port = await freePort()
  const env = { LISTEN: JSON.stringify({ fd: 3 }) }
  await using cli = await activate(port, ['--workers', '2', fixture('socket-options.mjs')], env)
  await expectServed(cli, port)
  await expectServedAfterLoss(cli, port)
})

activated(`tells an app of the activated socket in the way of sd_listen_fds(3) (needs ${ACTIVATE})`, async () => {
  const port = await freePort()
  await using cli = await activate(port, ['--workers', '2', fixture('socket-activated.mjs')])
  await expectServed(cli, port)
  await expectServedAfterLoss(cli, port)
})

activated(`gives the activated socket to an app that listens on its port (needs ${ACTIVATE})`, async () => {
  const port = await freePort()
  await using cli = await activate(port, ['--workers', '2', fixture('hello.mjs')], { APP_PORT: String(port) })
  await expectServed(cli, port)
  await expectServedAfterLoss(cli, port)
})

activated(`binds another address beside the activated socket when --bind names it (needs ${ACTIVATE})`, async () => {
  const [port, other] = [await freePort(), await freePort()]
  const bind = ['--bind', 'fd://3', '--bind', `127.0.0.1:${other}`]
  await using cli = await activate(port, ['--workers', '2', ...bind, fixture('export-handler.mjs')])
  for (const each of [port, other]) expect(await pidsBehind(2, { port: each })).toEqual(ascending(cli.workerPids))
})

activated(`stops in good order although the socket is systemd's (needs ${ACTIVATE})`, async () => {
  const port = await freePort()
  await using cli = await activate(port, ['--workers', '2', fixture('export-handler.mjs')])
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect((await ask({ port })).result).toBe('refused')
})
