import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { INSPECT_ARG } from '../../packages/supervisor/src/protocol/names.ts'
import { fixture, NOBODY, ROOT } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'

export interface BlockedOptions {
  /** How long it stays blocked in what can't be let go. */
  readonly forMs?: number
  readonly nodeArgs?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

/** A process that becomes blocked in a way that `test/fixtures/blocked/blocked.mjs` knows. */
export class BlockedProcess implements AsyncDisposable {
  stdout = ''
  stderr = ''
  readonly #process: ChildProcess
  readonly #folder = new Folder()

  private constructor(how: string, { forMs = 8000, nodeArgs = [INSPECT_ARG], env = {}, args = [] }: BlockedOptions) {
    const blocked = [fixture('blocked/blocked.mjs'), how, this.#gate, `${forMs}`]
    this.#process = spawn(process.execPath, [...nodeArgs, ...blocked, ...args], {
      env: { ...process.env, SUPERVISOR_DIST: `${ROOT}packages/supervisor/dist`, NODE_OPTIONS: '', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#process.stdout?.on('data', (chunk) => (this.stdout += chunk))
    this.#process.stderr?.on('data', (chunk) => (this.stderr += chunk))
  }

  /** Resolves when the process is on the point of being blocked, and has no more JavaScript to do before. */
  static async start(how: string, options: BlockedOptions = {}): Promise<BlockedProcess> {
    const started = new BlockedProcess(how, options)
    await started.says('ready')
    return started
  }

  static async blocked(how: string, options: BlockedOptions = {}): Promise<BlockedProcess> {
    const started = await BlockedProcess.start(how, options)
    await started.block()
    return started
  }

  get pid(): number {
    return this.#process.pid ?? NOBODY
  }

  get #gate(): string {
    return `${this.#folder.path}/gate`
  }

  async block(): Promise<void> {
    this.#process.stdin?.write('go')
    await this.says('blocking')
  }

  async says(what: string): Promise<void> {
    await until(`it says ${what}: ${this.stdout}${this.stderr}`, () => this.stdout.split(/\s/).includes(what))
  }

  letGo(): void {
    this.#folder.write('gate', '')
  }

  /** Lets it go on, and returns what it tells of itself then. */
  async freed(): Promise<{ readonly debugPort: number; readonly execArgv: readonly string[] }> {
    this.letGo()
    const line = await until('it goes on', () => /^free (.*)\n/m.exec(this.stdout)?.[1])
    return JSON.parse(line) as { readonly debugPort: number; readonly execArgv: readonly string[] }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#folder[Symbol.dispose]()
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }
}

/** The ports that a process listens on, by TCP over IPv4. */
export function portsOf(pid: number): number[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    }),
  )
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1)
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/)
    return state === '0A' && inodes.has(inode) ? Number.parseInt(local.split(':')[1] ?? '', 16) : []
  })
}
