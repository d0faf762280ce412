import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { it } from 'vitest'
import { fixture, SUPERVISOR } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

/** util-linux: runs a command in a terminal of its own. */
const SCRIPT = '/usr/bin/script'
const ESC = String.raw`\u001B\[`
const COLORED = new RegExp(`GET /head\\?x=1 ${ESC}32m201${ESC}39m 4 B \\d+\\.\\d ms\r\n`)
const PLAIN = /\[(\d\d:){2}\d\d\.\d{3}\] GET \/head\?x=1 201 4 B \d+\.\d ms\r\n/

it.skipIf(!existsSync(SCRIPT)).each([
  ['in colour', {}, COLORED],
  ['without, where NO_COLOR is set', { NO_COLOR: '1' }, PLAIN],
])('on a terminal the lines are for people: %s', async (_what, env, expected) => {
  const port = await freePort()
  const command = `exec sh '${SUPERVISOR}' --reload --bind 127.0.0.1:${port} '${fixture('access-log.mjs')}'`
  const terminal = spawn(SCRIPT, ['-qefc', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: undefined, ...env },
  })
  let text = ''
  terminal.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  try {
    await until('it answers', async () => (await ask({ port, path: '/head?x=1' })).status === 201)
    await until('the line is there', () => expected.test(text))
    terminal.stdin.write('q\n')
    await until('it ends', () => terminal.exitCode !== null)
  } finally {
    terminal.kill('SIGKILL')
  }
})
