import type { Outcome } from '../core/types.ts'
import { EXIT_FORCED } from '../errors.ts'
import { Loop, type SupervisorReport } from '../loop.ts'
import type { LogSettings, RunSettings } from './load.ts'
import type { Keys } from './keys.ts'
import type { Log } from './log.ts'
import type { Call } from './reread.ts'

/** What is told at the latest this long after the start, though the workers still boot. */
const LOG_AFTER_MS = 250
/** What is no hurry to tell while the workers boot. */
const CAN_WAIT: readonly SupervisorReport['type'][] = ['starting', 'worker-forked', 'worker-ready', 'listener-bound']

/** A supervisor on the command line: its loop, and the log of what happens. */
export class Run {
  readonly loop: Loop
  readonly #settings: RunSettings
  readonly #early: EarlyReports
  readonly #log: Promise<Log>
  #keys: Keys | null = null
  /** What the log is to be from the next reload on. */
  #latest: LogSettings

  /** Starts the workers. `logFd` is the log file, if there is one. */
  constructor(settings: RunSettings, call: Call, logFd: number | null) {
    this.#settings = settings
    this.#latest = settings.log
    this.loop = new Loop(settings, () => this.#reread(call))
    this.#early = new EarlyReports(this.loop)
    this.#log = this.#startLog(logFd)
    this.loop.start()
    if (settings.development !== null) void this.#listenForKeys()
  }

  /** Opens the log file anew. */
  reopenLog(): void {
    void this.#log.then((log) => log.reopen())
  }

  /** Returns the exit code, when all is over. */
  async finish(): Promise<number> {
    const outcome = await this.loop.finished
    this.#keys?.end()
    const log = await this.#log
    await log.end()
    return this.#conclude(outcome)
  }

  async #listenForKeys(): Promise<void> {
    const { Keys, KEYS_TEXT } = await import('./keys.ts')
    if (!Keys.isPossible()) return
    const log = await this.#log
    this.#keys = new Keys(this.loop, () => log.say(KEYS_TEXT))
  }

  /** The log is loaded when the workers have booted, if that does not take long; what happens until then waits. */
  async #startLog(fd: number | null): Promise<Log> {
    await this.#early.due
    const { Log: Writer } = await import('./log.ts')
    const log = await Writer.create(this.#settings.log, fd)
    for (const { report, at } of this.#early.take()) log.tell(report, at)
    this.loop.subscribe((report) => log.tell(report))
    // Not before: until then the old generation serves, and a reload that fails changes nothing.
    this.loop.subscribe(({ type }) => type === 'reloaded' && void log.change(this.#latest))
    return log
  }

  async #reread(call: Call): Promise<RunSettings> {
    const { reread } = await import('./reread.ts')
    const settings = await reread(call)
    this.#latest = settings.log
    return settings
  }

  async #conclude(outcome: Outcome): Promise<number> {
    switch (outcome.kind) {
      case 'stopped':
        return 0
      case 'forced':
        return EXIT_FORCED
      case 'failed': {
        const { bootError } = await import('../boot-error.ts')
        const { locate } = await import('./locate.ts')
        throw await locate(bootError(outcome.failure, outcome.worker, this.#settings.log.app), this.#settings.app)
      }
    }
  }
}

/** That workers run as root is told with the rest: they have been forked by then. */
function canWait(report: SupervisorReport): boolean {
  return CAN_WAIT.includes(report.type) || (report.type === 'warning' && report.code === 'SUPERVISOR_RUNS_AS_ROOT')
}

/** Keeps what happens until the log has been loaded, which takes time that the workers' boot is short of. */
class EarlyReports {
  /** Settles when it can't wait any longer. */
  readonly due: Promise<void>
  readonly #happened: { readonly report: SupervisorReport; readonly at: number }[] = []
  readonly #end: () => void

  constructor(loop: Loop) {
    let end = (): void => {}
    this.due = new Promise((resolve) => {
      const timer = setTimeout(resolve, LOG_AFTER_MS)
      end = loop.subscribe((report) => {
        this.#happened.push({ report, at: Date.now() })
        if (canWait(report)) return
        clearTimeout(timer)
        resolve()
      })
    })
    this.#end = end
  }

  take(): readonly { readonly report: SupervisorReport; readonly at: number }[] {
    this.#end()
    return this.#happened
  }
}
