import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { atTheEnd, endGroup } from '../measure/groups.ts'
import { plainEnvironment } from '../measure/running.ts'
import { APP, path, WORKERS, type Contender, type Service } from './subject.ts'

const FOLDER = path('peers/pm2')
const COMMAND = join(FOLDER, 'node_modules/pm2/bin/pm2')
const INSTALL = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error']
const LONGEST_INSTALL_MS = 120_000
const LONGEST_COMMAND_MS = 60_000

const execute = promisify(execFile)

export const PM2: Contender = {
  name: 'PM2',
  mostReloads: 6,
  missing: async () => {
    if (existsSync(COMMAND)) return null
    try {
      await execute('npm', INSTALL, { cwd: FOLDER, timeout: LONGEST_INSTALL_MS })
      return null
    } catch (error) {
      return `npm could not install it into ${FOLDER}: ${String(error)}`
    }
  },
  start: async (port, workers = WORKERS) => {
    const service = new Pm2Service(port)
    try {
      await service.command('start', APP, '--name', 'app', '--instances', `${workers}`)
      return service
    } catch (error) {
      await service[Symbol.asyncDispose]()
      throw error
    }
  },
}

/** A daemon of PM2 with a home of its own: it meets no other one, and leaves nothing behind. */
class Pm2Service implements Service {
  readonly #home = mkdtempSync(join(tmpdir(), 'prefork-bench-pm2-'))
  readonly #env: NodeJS.ProcessEnv
  readonly #forget = atTheEnd(() => this.#endDaemon())

  constructor(port: number) {
    this.#env = { ...plainEnvironment(), PM2_HOME: this.#home, PORT: `${port}` }
  }

  get pid(): number {
    return Number(readFileSync(join(this.#home, 'pm2.pid'), 'utf8'))
  }

  get log(): string {
    return readFileSync(join(this.#home, 'pm2.log'), 'utf8')
  }

  async reload(): Promise<boolean> {
    await this.command('reload', 'app')
    return true
  }

  async command(...args: readonly string[]): Promise<void> {
    await execute(process.execPath, [COMMAND, ...args], { env: this.#env, timeout: LONGEST_COMMAND_MS })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.command('kill')
    } finally {
      this.#endDaemon()
      this.#forget()
    }
  }

  /** The daemon leads a process group, to which its workers belong. */
  #endDaemon(): void {
    if (existsSync(join(this.#home, 'pm2.pid'))) endGroup(this.pid)
    rmSync(this.#home, { recursive: true, force: true })
  }
}
