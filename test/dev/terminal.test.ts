import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { SUPERVISOR } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until, within } from '../harness/until.ts'

/** util-linux: runs a command in a terminal of its own. */
const SCRIPT = '/usr/bin/script'
const APP = 'app.mjs'
const SOURCE = `export default (request, response) => response.end('good')\n`

it.skipIf(!existsSync(SCRIPT))('keys reload, clear and quit', async () => {
  using project = new Project({ [APP]: SOURCE })
  const address = `127.0.0.1:${await freePort()}`
  const command = `exec sh '${SUPERVISOR}' --reload --bind ${address} ${APP}`
  const terminal = spawn(SCRIPT, ['-qefc', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: project.path,
  })
  let text = ''
  terminal.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const ended = new Promise((resolve) => terminal.once('exit', resolve))
  try {
    await until('it says what the keys do', () => text.includes('q quits'))
    await until('it serves', () => text.includes('ready after'))
    terminal.stdin.write('r\n')
    await until('it has reloaded', () => text.includes('reloaded, ready in'))
    terminal.stdin.write('c\n')
    await until('the screen is cleared', () => text.includes('\u001b[2J'))
    terminal.stdin.write('q\n')
    expect(await within('it ends', ended)).toBe(0)
  } finally {
    terminal.kill('SIGKILL')
  }
})

it.skipIf(!existsSync('/bin/bash') || !existsSync(SCRIPT))(
  'in the background it reads nothing and serves',
  async () => {
    using project = new Project({ [APP]: SOURCE })
    const port = await freePort()
    const log = join(project.path, 'log')
    const start = `sh '${SUPERVISOR}' --reload --log-file '${log}' --bind 127.0.0.1:${port} ${APP}`
    // Job control, as in a shell that a person types into.
    const command = `bash -c "set -m; ${start} & read line; kill -TERM %1; wait %1; echo ended with \\$?"`
    const terminal = spawn(SCRIPT, ['-qefc', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      cwd: project.path,
    })
    let text = ''
    terminal.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    try {
      await until('it serves', async () => (await ask({ port })).result === 'ok')
      project.write(APP, SOURCE.replace('good', 'better'))
      await until('the new code is served', async () => (await ask({ port })).body === 'better')
      terminal.stdin.write('r\n')
      await until('it ends', () => text.includes('ended with 0'))
      const { readFileSync } = await import('node:fs')
      expect(readFileSync(log, 'utf8')).not.toMatch(/SIGTTIN|"scaled"/)
    } finally {
      terminal.kill('SIGKILL')
    }
  },
)

it.skipIf(!existsSync('/bin/bash') || !existsSync(SCRIPT))(
  'keys are read when it comes to the foreground, of which a shell tells nobody who runs',
  async () => {
    using project = new Project({ [APP]: SOURCE })
    const port = await freePort()
    const start = `sh '${SUPERVISOR}' --reload --bind 127.0.0.1:${port} ${APP}`
    const terminal = spawn(SCRIPT, ['-qefc', `bash -c "set -m; ${start} & read line; fg"`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      cwd: project.path,
    })
    let text = ''
    terminal.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    const ended = new Promise((resolve) => terminal.once('exit', resolve))
    try {
      await until('it serves', () => text.includes('ready after'))
      expect(text).not.toContain('q quits')
      terminal.stdin.write('\n')
      await until('it says what the keys do', () => text.includes('q quits'))
      terminal.stdin.write('r\n')
      await until('it has reloaded', () => text.includes('reloaded, ready in'))
      terminal.stdin.write('q\n')
      expect(await within('it ends', ended)).toBe(0)
    } finally {
      terminal.kill('SIGKILL')
    }
  },
)

it('what is no terminal is told nothing of keys', async () => {
  using project = new Project({ [APP]: SOURCE })
  await using cli = await project.serving(['--reload', '--bind', '127.0.0.1:0', APP])
  project.write(APP, SOURCE.replace('good', 'better'))
  await cli.line('reloaded')
  expect(cli.stdout).not.toContain('q quits')
})
