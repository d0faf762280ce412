import { initialState, nextDeadline, step } from './core/step.ts'
import { snapshotOf, type Snapshot } from './core/snapshot.ts'
import type { Event, Outcome, Report, Settings, State, StopMode } from './core/types.ts'
import { HookRunner } from './host/hook-runner.ts'
import { Host, type HostReport, type HostSettings } from './host/host.ts'
import type { Hooks } from './config/hooks.ts'

/** Everything that a supervisor has to know. All times are milliseconds. */
export interface LoopSettings extends Settings, HostSettings {
  readonly hooks: Hooks
}

type WorkerWarning = Extract<HostReport, { readonly type: 'worker-warning' }>

/** What happens, as one stream. */
export type SupervisorReport =
  | Report
  | Exclude<HostReport, WorkerWarning>
  | (WorkerWarning & { readonly index: number | null; readonly generation: number | null; readonly pid: number | null })

/** setTimeout takes no longer delay than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * The one loop: takes an event, lets the core decide, carries the effects out, sleeps until the next event or deadline.
 * It owns the state; everything else only enqueues events.
 */
export class Loop {
  /** Settles when the supervisor has ended. */
  readonly finished: Promise<Outcome>
  readonly #host: Host
  readonly #hooks: HookRunner
  readonly #listeners = new Set<(report: SupervisorReport) => void>()
  readonly #queue: Event[] = []
  #state: State
  #isRunning = false
  #timer: NodeJS.Timeout | undefined
  #finish: (outcome: Outcome) => void = () => {}

  constructor(settings: LoopSettings) {
    this.#state = initialState(settings, Math.trunc(Math.random() * 2 ** 32))
    this.#hooks = new HookRunner(settings.hooks, settings.bootTimeoutMs, settings.killTimeoutMs)
    this.#host = new Host(
      settings,
      this.#hooks,
      (event) => this.#enqueue(event),
      (report) => this.#publish(this.#named(report)),
    )
    this.finished = new Promise((resolve) => {
      this.#finish = resolve
    })
  }

  /** Calls `listener` with everything that happens from now on. Returns the function that ends this. */
  subscribe(listener: (report: SupervisorReport) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Forks the workers, after the hook `onStarting`. */
  start(): void {
    this.#host.warnOfFallback()
    if (!this.#hooks.has('onStarting')) return this.#enqueue({ type: 'start' })
    void this.#runHook('onStarting').then(() => this.#enqueue({ type: 'start' }))
  }

  /** Ends all workers, without losing a request; a second call ends them at once. `origin` is what the log names. */
  stop(mode: StopMode, origin: string): void {
    this.#enqueue({ type: 'stop', mode, origin })
  }

  /** Adds workers, or takes some away if `by` is negative; at least one stays. */
  scale(by: number): void {
    this.#enqueue({ type: 'scale', by })
  }

  status(): Snapshot {
    return snapshotOf(this.#state, now())
  }

  #enqueue(event: Event): void {
    this.#queue.push(event)
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#process(next)
    } finally {
      this.#isRunning = false
    }
    this.#sleep()
  }

  #process(event: Event): void {
    const { state, effects } = step(this.#state, event, now())
    this.#state = state
    for (const effect of effects) {
      switch (effect.type) {
        case 'report':
          this.#publish(effect.report)
          break
        case 'finish':
          void this.#runHook('onExit').then(() => this.#finish(effect.outcome))
          break
        default:
          this.#host.perform(effect)
      }
    }
  }

  #sleep(): void {
    clearTimeout(this.#timer)
    const deadline = nextDeadline(this.#state)
    if (deadline === null) return
    const delay = Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(deadline - performance.now())))
    this.#timer = setTimeout(() => this.#enqueue({ type: 'tick' }), delay)
  }

  /** The host knows workers by their number only. */
  #named(report: HostReport): SupervisorReport {
    if (report.type !== 'worker-warning') return report
    const worker = this.#state.workers.find(({ id }) => id === report.worker)
    return { ...report, index: worker?.index ?? null, generation: worker?.generation ?? null, pid: worker?.pid ?? null }
  }

  #publish(report: SupervisorReport): void {
    for (const listener of this.#listeners) this.#tell(listener, report)
    if (report.type === 'serving') void this.#runHook('whenReady')
    if (report.type === 'worker-ready') void this.#runHook('workerReady', report)
    if (report.type === 'worker-exited') void this.#runHook('workerExit', report)
  }

  /** A listener that throws is an uncaught error of its program's, and must not come between an event and its effects. */
  #tell(listener: (report: SupervisorReport) => void, report: SupervisorReport): void {
    try {
      listener(report)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }

  /** Runs a hook, if there is one of that name. What it throws is an event like any other. */
  async #runHook(...[name, ...values]: Parameters<HookRunner['run']>): Promise<void> {
    if (!this.#hooks.has(name)) return
    try {
      await this.#hooks.run(name, ...values)
    } catch (thrown) {
      const { name: kind, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown))
      const error = { name: kind, message, stack }
      // After the last worker the core takes no more events.
      if (name === 'onExit') this.#publish({ type: 'hook-failed', hook: name, error })
      else this.#enqueue({ type: 'hook-failed', hook: name, error })
    }
  }
}

function now(): number {
  return Math.round(performance.now())
}
