import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { atTheEnd, endGroup } from './groups.ts'
import { Reports } from './reports.ts'

/** A way to run an app in several workers. */
export interface Subject {
  readonly name: string
  /** The program and its arguments; it finds the Node of the bench as `node`. */
  readonly command: readonly string[]
  /** Variables on top of the plain environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Where the program is called; the bench's own folder if nothing is said. */
  readonly folder?: string
}

const HERE: string = fileURLToPath(new URL('../../', import.meta.url))

/** A subject that runs, in a process group of its own. */
export class Running implements AsyncDisposable {
  readonly startedAt: number
  readonly reports = new Reports()
  readonly pid: number
  readonly #process: ChildProcess
  readonly #ended: Promise<void>
  readonly #forget: () => void
  readonly #folder = mkdtempSync(join(tmpdir(), 'prefork-bench-'))

  constructor({ command, env, folder = HERE }: Subject) {
    const [program = '', ...args] = command
    // A file takes the log: a subject that has much to say is not to wait for the bench to read it.
    const log = openSync(join(this.#folder, 'log'), 'a')
    this.startedAt = performance.now()
    this.#process = spawn(program, args, {
      cwd: folder,
      env: { ...plainEnvironment(), ...env },
      stdio: ['ignore', log, 'pipe'],
      detached: true,
    })
    closeSync(log)
    this.#process.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.reports.take(chunk, performance.now())
    })
    this.#ended = new Promise((resolve) => this.#process.once('close', () => resolve()))
    if (this.#process.pid === undefined) throw new Error(`${command.join(' ')} could not be started`)
    this.pid = this.#process.pid
    this.#forget = atTheEnd(() => this.#end())
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  /** What the subject has logged. */
  get log(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    endGroup(this.pid)
    // The workers have stderr too: when it closes, all of them have ended.
    await this.#ended
    this.#forget()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #end(): void {
    endGroup(this.pid)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The environment without what would favour or hamper a subject. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const isOurs = /^(SUPERVISOR_.*|NODE_.*|PORT|WEB_CONCURRENCY)$/
  const rest = Object.entries(process.env).filter(([name]) => !isOurs.test(name))
  return { ...Object.fromEntries(rest), PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) }
}
