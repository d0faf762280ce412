import { bootError } from './boot-error.ts'
import type { Event } from './core/event.ts'
import type { ReloadFailure } from './core/failure.ts'
import { SupervisorError, type ErrorCode } from './errors.ts'
import type { LoopSettings, SupervisorReport } from './loop.ts'

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: SupervisorError) => void
}

/** What is to be done for reloads besides deciding: reading things anew, and telling those who have asked. */
export class Reloads {
  readonly #reread: () => Promise<LoopSettings>
  readonly #settings = new Map<number, LoopSettings>()
  /** How often what settings are made of may have changed, and what each generation's were read after. */
  #changes = 0
  readonly #readAfter = new Map<number, number>()
  #adoptedAfter = 0
  readonly #refusals = new Map<number, SupervisorError>()
  readonly #waiters: Waiter[] = []
  /** Those whose reload the core has not begun to think about: the end of the one before is not theirs. */
  readonly #newcomers: Waiter[] = []

  /** `reread` reads the configuration; it rejects with a {@link SupervisorError} when that is no good. */
  constructor(reread: () => Promise<LoopSettings>) {
    this.#reread = reread
  }

  /** What settings are made of may have changed: the next generation's are read anew. */
  outdate(): void {
    this.#changes++
  }

  /**
   * Reads what a new generation is made of, after the hook `onReload`. `known` is what the one before was made of, if it
   * will do where nothing but code has changed.
   */
  async prepare(generation: number, hook: Promise<void>, known: LoopSettings | null): Promise<Event> {
    try {
      await hook.catch(refuseHook)
      const changes = this.#changes
      const isKnown = known !== null && this.#adoptedAfter === changes && isPure(known)
      const settings = isKnown ? known : await this.#reread()
      this.#settings.set(generation, settings)
      this.#readAfter.set(generation, changes)
      return { type: 'prepared', generation, settings }
    } catch (thrown) {
      const error = refusalFor(thrown)
      this.#refusals.set(generation, error)
      const { name, message, hint, code, detail } = error
      return { type: 'not-prepared', generation, error: { name, message: `${message} ${hint}`, code, stack: detail } }
    }
  }

  /** What was read for a generation. */
  settingsOf(generation: number): LoopSettings | undefined {
    return this.#settings.get(generation)
  }

  /** What was read for a generation that serves now. */
  adopt(generation: number): LoopSettings | undefined {
    this.#adoptedAfter = this.#readAfter.get(generation) ?? this.#adoptedAfter
    return this.settingsOf(generation)
  }

  /** Settles when the reload that is asked for now, or a newer one in its place, has ended. */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => this.#newcomers.push({ resolve, reject }))
  }

  /** Tells those who wait, when a reload has ended. */
  follow(report: SupervisorReport): void {
    // In development a reload is a change like any other.
    if (report.type === 'reload-asked' || report.type === 'changed') this.#waiters.push(...this.#newcomers.splice(0))
    if (report.type === 'reloaded') for (const { resolve } of this.#end()) resolve()
    if (report.type === 'reload-failed') this.#fail(this.#errorOf(report.generation, report.failure))
    if (report.type !== 'stopped') return
    this.#waiters.push(...this.#newcomers.splice(0))
    this.#fail(reloadError({ kind: 'stopped' }, ''))
  }

  #fail(error: SupervisorError): void {
    for (const { reject } of this.#end()) reject(error)
  }

  #end(): Waiter[] {
    this.#settings.clear()
    this.#readAfter.clear()
    this.#refusals.clear()
    return this.#waiters.splice(0)
  }

  #errorOf(generation: number, failure: ReloadFailure): SupervisorError {
    const refusal = this.#refusals.get(generation)
    return refusal ?? reloadError(failure, this.#settings.get(generation)?.appName ?? 'the app')
  }
}

/** Refuses what a reload can't change. Returns what was read. */
export function refuseChange(first: LoopSettings, read: LoopSettings): LoopSettings {
  const { accept } = first.go
  if (read.go.accept !== accept) throw unchangeable(`--accept ${read.go.accept}`, accept)
  if (read.isDevelopment !== first.isDevelopment)
    throw unchangeable(`--reload ${read.isDevelopment}`, String(first.isDevelopment))
  if (read.umask !== first.umask) throw unchangeable(`--umask ${read.umask ?? 'left out'}`, first.umask ?? 'none')
  if (read.pidFile !== first.pidFile)
    throw unchangeable(`--pid-file ${read.pidFile ?? 'left out'}`, first.pidFile ?? 'none')
  return read
}

function unchangeable(what: string, first: string): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_OPTION_INVALID',
    `${what}: this supervisor was started with ${first}, which a reload can not change.`,
    'Set it back, or stop the supervisor and start it anew.',
  )
}

/** Whether settings follow from files that are watched. A config file that is code may import others. */
function isPure({ development }: LoopSettings): boolean {
  return development !== null && !development.ownFiles.some((file) => /\.[cm]?[jt]s$/.test(file))
}

function refuseHook(thrown: Error): never {
  throw new SupervisorError(
    'SUPERVISOR_PRELOAD_FAILED',
    `the hook onReload failed: ${thrown.name}: ${thrown.message}.`,
    'The old generation serves on. Mend the hook and reload again.',
    thrown.stack,
  )
}

function refusalFor(thrown: unknown): SupervisorError {
  if (thrown instanceof SupervisorError) return thrown
  const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown))
  const text = `the new generation could not be prepared: ${name}: ${message}.`
  return new SupervisorError('SUPERVISOR_RELOAD_FAILED', text, 'Mend the cause and reload again.', stack)
}

/** The error for a reload that was given up. `app` is the file as the user named it. */
export function reloadError(failure: ReloadFailure, app: string): SupervisorError {
  switch (failure.kind) {
    case 'worker':
      return bootError(failure.failure, failure.worker, app)
    case 'stopped':
      return new SupervisorError('SUPERVISOR_STOPPED', 'the supervisor stops.', 'Start a new one.')
    case 'not-prepared': {
      const { code, message, stack } = failure.error
      return new SupervisorError((code ?? 'SUPERVISOR_RELOAD_FAILED') as ErrorCode, message, '', stack)
    }
  }
}
