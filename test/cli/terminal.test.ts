import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Cli, fixture, isAlive, type LogLine, NOBODY, SUPERVISOR } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'

/** util-linux: runs a command in a terminal of its own. */
const SCRIPT = '/usr/bin/script'
const HELLO = fixture('hello.mjs')

/** A supervisor in a terminal that can be closed. It is in a session of its own, so it is ended by its own pid. */
class InTerminal implements AsyncDisposable {
  readonly #folder = new Folder()
  readonly #terminal: ReturnType<typeof spawn>

  constructor(prefix: string) {
    const command = `exec ${prefix} sh '${SUPERVISOR}' --log-file '${this.#path}' '${HELLO}'`
    this.#terminal = spawn(SCRIPT, ['-qefc', command, '/dev/null'], { stdio: 'ignore', cwd: this.#folder.path })
  }

  get #path(): string {
    return join(this.#folder.path, 'app.log')
  }

  get lines(): LogLine[] {
    const text = existsSync(this.#path) ? readFileSync(this.#path, 'utf8') : ''
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogLine]))
  }

  get pid(): number {
    return Number(this.lines[0]?.['pid'] ?? NOBODY)
  }

  async serves(): Promise<void> {
    await until('it serves', () => this.lines.some(({ event }) => event === 'serving'))
  }

  async close(): Promise<void> {
    this.#terminal.kill('SIGKILL')
    // With the hang-up the kernel sends SIGCONT, which discards a SIGTTIN that is under way.
    await until('the terminal has closed', () => this.#terminal.signalCode !== null)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    const pids = [this.pid, ...this.lines.map(({ workerPid = NOBODY }) => workerPid)]
    for (const pid of new Set(pids)) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    await until('all have gone', () => !pids.some(isAlive))
    this.#folder[Symbol.dispose]()
  }
}

describe('HUP', () => {
  it('without a terminal stops nothing', async () => {
    await using cli = await Cli.serving([HELLO])
    cli.signal('SIGHUP')
    cli.signal('SIGTTIN')
    await cli.line('worker-ready', 2)
    expect((await ask({ port: cli.port })).result).toBe('ok')
    expect(cli.events('stopping')).toEqual([])
  })

  it.skipIf(!existsSync(SCRIPT))('from a terminal that closes is a graceful stop', async () => {
    await using cli = new InTerminal('')
    await cli.serves()
    const { pid } = cli
    await cli.close()
    await until('it ends', () => !isAlive(pid))
    const [stopping] = cli.lines.filter(({ event }) => event === 'stopping')
    expect(stopping).toMatchObject({ mode: 'graceful', origin: 'SIGHUP' })
    expect(cli.lines.at(-1)).toMatchObject({ event: 'stopped', msg: 'stopped' })
  })

  it.skipIf(!existsSync(SCRIPT))('stops nothing while the terminal is there', async () => {
    await using cli = new InTerminal('')
    await cli.serves()
    process.kill(cli.pid, 'SIGHUP')
    process.kill(cli.pid, 'SIGTTIN')
    await until('one more serves', () => cli.lines.filter(({ event }) => event === 'worker-ready').length === 2)
    expect(cli.lines.some(({ event }) => event === 'stopping')).toBe(false)
  })

  it.skipIf(!existsSync(SCRIPT))('from a terminal that closes is ignored under nohup', async () => {
    await using cli = new InTerminal('nohup')
    await cli.serves()
    await cli.close()
    process.kill(cli.pid, 'SIGHUP')
    let asked = Number.NEGATIVE_INFINITY
    await until('one more serves', () => {
      // The SIGCONT of the hang-up may come at any time until the kernel is done, and discards this.
      if (performance.now() - asked > 2000) {
        process.kill(cli.pid, 'SIGTTIN')
        asked = performance.now()
      }
      return cli.lines.filter(({ event }) => event === 'worker-ready').length > 1
    })
    expect(cli.lines.some(({ event }) => event === 'stopping')).toBe(false)
    const { workerPid } = cli.lines.find(({ event }) => event === 'worker-ready') ?? {}
    // The mark that the command's first line makes is for the supervisor alone.
    expect(readFileSync(`/proc/${workerPid}/environ`, 'utf8')).not.toContain('PREFORK_NOHUP')
  })
})
