import { initialState, nextDeadline, step } from './core/step.ts'
import type { Event, Outcome, Report, Settings, State, StopMode } from './core/types.ts'
import { Host, type HostReport, type HostSettings } from './host/host.ts'

/** Everything a supervisor has to know. All times are milliseconds. */
export interface SupervisorSettings extends Settings, HostSettings {}

/** What happens, as one stream. */
export type SupervisorReport =
  | Report
  | Exclude<HostReport, WorkerWarning>
  | (WorkerWarning & { readonly index: number | null; readonly generation: number | null; readonly pid: number | null })

type WorkerWarning = Extract<HostReport, { readonly type: 'worker-warning' }>

/** setTimeout takes no longer delay than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * The one loop: takes an event, lets the core decide, carries the effects out, sleeps until the next event or deadline.
 * It owns the state; everything else only enqueues events.
 */
export class Supervisor {
  /** Settles when the supervisor has ended. */
  readonly finished: Promise<Outcome>
  readonly #host: Host
  readonly #listeners = new Set<(report: SupervisorReport) => void>()
  readonly #queue: Event[] = []
  #state: State
  #isRunning = false
  #timer: NodeJS.Timeout | undefined
  #finish: (outcome: Outcome) => void = () => {}

  constructor(settings: SupervisorSettings) {
    this.#state = initialState(settings, Math.trunc(Math.random() * 2 ** 32))
    this.#host = new Host(
      settings,
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

  /** Forks the workers. */
  start(): void {
    this.#enqueue({ type: 'start' })
  }

  /** Ends all workers, without losing a request; a second call ends them at once. `origin` is what the log names. */
  stop(mode: StopMode = 'graceful', origin = 'stop()'): Promise<Outcome> {
    this.#enqueue({ type: 'stop', mode, origin })
    return this.finished
  }

  /** Adds workers, or takes some away if `by` is negative; at least one stays. */
  scale(by: number): void {
    if (!Number.isInteger(by)) throw new TypeError(`scale takes a whole number, not ${by}`)
    this.#enqueue({ type: 'scale', by })
  }

  /** The state as the core sees it: immutable, and a new one after each event. */
  get state(): State {
    return this.#state
  }

  #enqueue(event: Event): void {
    this.#queue.push(event)
    if (this.#isRunning) return
    this.#isRunning = true
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#process(next)
    this.#isRunning = false
    this.#sleep()
  }

  #process(event: Event): void {
    const { state, effects } = step(this.#state, event, Math.round(performance.now()))
    this.#state = state
    for (const effect of effects) {
      switch (effect.type) {
        case 'report':
          this.#publish(effect.report)
          break
        case 'finish':
          this.#finish(effect.outcome)
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
    for (const listener of this.#listeners) listener(report)
  }
}
