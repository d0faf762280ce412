import { expect, it } from 'vitest'
import { Cli, fixture } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

/** How much `last-words.mjs` prints: about 1 MB. */
const LINES = 2000

it.each(['exit', 'throw', 'kill'])('has everything that a worker wrote before it ended by %s', async (how) => {
  await using cli = await Cli.serving(['--workers', '2', fixture('last-words.mjs')])
  await ask({ port: cli.port, path: `/${how}` })
  await cli.line('worker-exited')
  await until('all lines have arrived', () => cli.stdout.includes(`word ${LINES} `))
  expect(cli.stdout.match(/^word \d+ x+$/gm)).toHaveLength(LINES)
  expect(cli.stderr).toContain('last word')
})

it.each(['exit', 'throw', 'kill'])('has everything also when the reader comes late (%s)', async (how) => {
  const port = await freePort()
  await using cli = new Cli(['--workers', '1', fixture('last-words.mjs')], {
    env: { APP_PORT: String(port) },
    isStalled: true,
  })
  await until('it serves', async () => (await ask({ port })).result === 'ok')
  const asked = ask({ port, path: `/${how}`, patienceMs: 20_000 })
  await until('the worker is stuck in its output', async () => {
    return (await ask({ port, patienceMs: 300 })).result === 'hung'
  })
  cli.readOutput()
  await asked
  await cli.line('worker-exited')
  await until('all lines have arrived', () => cli.stdout.includes(`word ${LINES} `))
  expect(cli.stdout.match(/^word \d+ x+$/gm)).toHaveLength(LINES)
})

it('has everything also when another worker runs a program that writes to the same output', async () => {
  await using cli = await Cli.serving(['--workers', '2', fixture('last-words.mjs')], { env: { APP_HELPER: '1' } })
  await until('the worker without such a program is asked', async () => {
    return (await ask({ port: cli.port, path: '/throw' })).result === 'reset'
  })
  await cli.line('worker-exited')
  await until('the last word has arrived', () => cli.stderr.includes('last word'))
  expect(cli.stdout.match(/^word \d+ x+$/gm)).toHaveLength(LINES)
})

it("has the supervisor's own last lines, up to the very end", async () => {
  await using cli = await Cli.serving(['--workers', '2', fixture('hello.mjs')])
  cli.signal('SIGTERM')
  await cli.exit()
  expect(cli.log.at(-1)).toMatchObject({ event: 'stopped', msg: 'stopped' })
  expect(cli.events('worker-exited')).toHaveLength(2)
})

it('goes on serving when the reader has gone', async () => {
  const port = await freePort()
  await using cli = new Cli(['--workers', '2', fixture('last-words.mjs')], { env: { APP_PORT: String(port) } })
  await cli.line('serving')
  cli.process.stdout?.destroy()
  await ask({ port, path: '/exit' })
  await until('it serves again', async () => (await ask({ port })).result === 'ok')
  cli.signal('SIGTERM')
  expect(await cli.exit()).toMatchObject({ code: 0 })
})
