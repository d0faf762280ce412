import { spawn, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { until, within, PATIENCE_MS } from './until.ts'

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))
/** The built command, as it is installed. */
export const SUPERVISOR: string = `${ROOT}packages/supervisor/bin/supervisor.js`

/** The path of an app below `test/fixtures`. */
export function fixture(name: string): string {
  return `${ROOT}test/fixtures/${name}`
}

/**
 * Stands in for a process id that is missing. Signals to it are refused, where -1 would go to every process of the
 * machine.
 */
export const NOBODY: number = Number.NaN

/** A line of the supervisor's JSON log. */
export interface LogLine {
  readonly level: number
  readonly event: string
  readonly msg: string
  readonly worker?: number
  readonly workerPid?: number
  readonly [field: string]: unknown
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Runs the command through another one, such as a shell. Default: Node itself. */
  readonly command?: readonly string[]
  /** Leaves standard output unread until `readOutput`. */
  readonly isStalled?: boolean
  /** A descriptor that takes the place of standard output. */
  readonly stdout?: number
}

/** A supervisor of its own in a process group of its own; everything in the group ends with the test. */
export class Cli implements AsyncDisposable {
  readonly process: ChildProcess
  readonly exited: Promise<Exit>
  stdout = ''
  stderr = ''
  readonly #log: LogLine[] = []
  /** How much of standard output is in the log already. */
  #read = 0

  constructor(args: readonly string[], options: StartOptions = {}) {
    const [program = '', ...rest] = options.command ?? [process.execPath, SUPERVISOR]
    this.process = spawn(program, [...rest, ...args], {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, PORT: undefined, WEB_CONCURRENCY: undefined, ...options.env },
      stdio: ['ignore', options.stdout ?? 'pipe', 'pipe'],
      detached: true,
    })
    this.process.stderr?.on('data', (chunk) => (this.stderr += chunk))
    if (options.isStalled !== true) this.readOutput()
    // `close`, not `exit`: by then everything that was written has been read.
    this.exited = new Promise((resolve) => {
      this.process.once(options.isStalled === true ? 'exit' : 'close', (code, signal) => resolve({ code, signal }))
    })
  }

  /** Starts a supervisor and waits until all its workers accept. */
  static async serving(args: readonly string[], options: StartOptions = {}): Promise<Cli> {
    const cli = new Cli(args, options)
    try {
      await cli.line('serving')
    } catch (error) {
      await cli[Symbol.asyncDispose]()
      throw error
    }
    return cli
  }

  get pid(): number {
    return this.process.pid ?? NOBODY
  }

  readOutput(): void {
    this.process.stdout?.on('data', (chunk) => (this.stdout += chunk))
  }

  /** The supervisor's own lines, in order. Those that the app printed are left out. */
  get log(): readonly LogLine[] {
    const end = this.stdout.lastIndexOf('\n') + 1
    for (const line of this.stdout.slice(this.#read, end).split('\n')) {
      try {
        const parsed: unknown = JSON.parse(line)
        if (typeof parsed === 'object' && parsed !== null && isLogLine(parsed)) this.#log.push(parsed)
      } catch {
        // The app's.
      }
    }
    this.#read = end
    return this.#log
  }

  events(event: string): LogLine[] {
    return this.log.filter((line) => line.event === event)
  }

  /** Waits for the `count`th line about an event. */
  async line(event: string, count = 1, patienceMs: number = PATIENCE_MS): Promise<LogLine> {
    let isOver = false
    void this.exited.then(() => (isOver = true))
    const seen = await until(
      `the log tells ${event} (${count})\n${this.stdout}${this.stderr}`,
      () => {
        const found = this.events(event)[count - 1]
        return found !== undefined ? { found } : isOver && { found: undefined }
      },
      patienceMs,
    )
    if (seen.found === undefined) {
      throw new Error(`the supervisor ended without telling ${event}\n${this.stdout}${this.stderr}`)
    }
    return seen.found
  }

  /** Where the first listener is bound: `127.0.0.1:43210`, or `unix:/path`. */
  get address(): string {
    const line = this.events('listener-bound')[0]
    if (line === undefined) throw new Error(`nothing is bound\n${this.stdout}${this.stderr}`)
    return String(line['address'])
  }

  get port(): number {
    return Number(this.address.split(':').at(-1))
  }

  /** The process ids of the workers that were ready at some time, in order. */
  get workerPids(): number[] {
    return this.events('worker-ready').map((line) => line.workerPid ?? NOBODY)
  }

  get liveWorkerPids(): number[] {
    return this.workerPids.filter(isAlive)
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** Sends a signal to every process of the group, as a terminal does on Ctrl-C. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal)
  }

  async exit(patienceMs: number = PATIENCE_MS): Promise<Exit> {
    return within(`the supervisor ends\n${this.stdout}${this.stderr}`, this.exited, patienceMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.signalGroup('SIGKILL')
    } catch {
      // The group has ended.
    }
    await until('the process group has gone', () => !isAlive(-this.pid))
  }
}

/** Whether a process runs, or, for a negative number, any process of the group. Zombies don't count. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return pid > 0 ? !isZombie(statOf(pid)) : hasLiveMember(-pid)
}

/** Who reaps the orphans of a group may take its time: what counts is whether one of them still runs. */
function hasLiveMember(group: number): boolean {
  return liveMembers(group).length > 0
}

/** The processes of a group that run. */
export function liveMembers(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = statOf(pid)
      return stat[2] === String(group) && !isZombie(stat)
    })
}

/** Whether a process waits to become a worker, as it says of itself. */
export function isSpare(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('supervisor spare ')
  } catch {
    return false
  }
}

/** What proc(5) says of a process, from its state on: the state, its parent, its group and so on. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

function isZombie([state = 'Z']: readonly string[]): boolean {
  return state === 'Z' || state === 'X'
}

function isLogLine(parsed: object): parsed is LogLine {
  return 'event' in parsed
}
