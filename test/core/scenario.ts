import { initialState, nextDeadline } from '../../packages/supervisor/src/core/step.ts'
import type {
  BootFailure,
  Effect,
  ErrorSummary,
  Event,
  Report,
  Settings,
  State,
  StopMode,
  WorkerId,
} from '../../packages/supervisor/src/core/types.ts'
import { checkedStep } from './checked-step.ts'

export type Action = Exclude<Effect, { readonly type: 'report' }>
export type ReportOf<T extends Report['type']> = Extract<Report, { readonly type: T }>

export const BOOT_MS = 60_000
export const GRACE_MS = 30_000
export const KILL_MS = 5000
/** What a worker gets that never was ready. */
export const UNREADY_GRACE_MS = 1000
export const GIVE_UP_MS = 2000

export const ERROR: ErrorSummary = { name: 'Error', message: 'listen EADDRINUSE', code: 'EADDRINUSE' }
export const THREW: BootFailure = { kind: 'threw', error: { name: 'TypeError', message: 'app is not a function' } }
export const TERM: Event = { type: 'stop', mode: 'graceful', origin: 'SIGTERM' }
export const INT: Event = { type: 'stop', mode: 'quick', origin: 'SIGINT' }

export const fork = (worker: WorkerId, index: number): Action => ({ type: 'fork', worker, index, generation: 1 })
export const accept = (worker: WorkerId): Action => ({ type: 'accept', worker })
export const kill = (worker: WorkerId): Action => ({ type: 'kill', worker })
export const drain = (worker: WorkerId, mode: StopMode, graceMs: number): Action => ({
  type: 'drain',
  worker,
  mode,
  graceMs,
})
export const CLOSE: Action = { type: 'close-listeners' }

export const forked = (worker: WorkerId): Event => ({ type: 'forked', worker, pid: 1000 + worker })
export const loaded = (worker: WorkerId): Event => ({ type: 'progress', worker, step: 'loaded', detail: null })
export const ready = (worker: WorkerId): Event => ({ type: 'ready', worker })
export const accepting = (worker: WorkerId): Event => ({ type: 'accepting', worker })
export const failed = (worker: WorkerId, failure: BootFailure = THREW): Event => ({ type: 'failed', worker, failure })
export const refused = (worker: WorkerId): Event => ({ type: 'refused', worker, error: ERROR })
export const forkFailed = (worker: WorkerId): Event => ({ type: 'fork-failed', worker, error: ERROR })
export const signalled = (worker: WorkerId, signal = 'SIGTERM'): Event => ({ type: 'signalled', worker, signal })
export const scale = (by: number): Event => ({ type: 'scale', by })
export const exited = (worker: WorkerId, how: number | string = 1): Event =>
  typeof how === 'number'
    ? { type: 'exited', worker, code: how, signal: null }
    : { type: 'exited', worker, code: null, signal: how }

/** What followed from some events: what is to be done, and what was told. */
export class Consequences {
  readonly #effects: readonly Effect[]

  constructor(effects: readonly Effect[]) {
    this.#effects = effects
  }

  get actions(): Action[] {
    return this.#effects.filter((effect) => effect.type !== 'report')
  }

  get reports(): Report[] {
    return this.#effects.flatMap((effect) => (effect.type === 'report' ? [effect.report] : []))
  }

  told<T extends Report['type']>(type: T): ReportOf<T>[] {
    return this.reports.filter((report): report is ReportOf<T> => report.type === type)
  }
}

/** A supervisor's core with a clock of its own, so that a test reads as a list of what happened. */
export class Scenario {
  state: State
  /** Not 0, so that a time that was forgotten shows. */
  now = 10_000

  constructor(workers: number, settings: Partial<Settings> = {}, seed = 1) {
    const defaults = { bootTimeoutMs: BOOT_MS, gracefulTimeoutMs: GRACE_MS, killTimeoutMs: KILL_MS }
    this.state = initialState({ workers, ...defaults, ...settings }, seed)
  }

  /** All workers are forked, and boot. */
  static starting(workers: number, settings?: Partial<Settings>, seed?: number): Scenario {
    const scenario = new Scenario(workers, settings, seed)
    scenario.send({ type: 'start' })
    for (const { id } of scenario.state.workers) scenario.send(forked(id))
    return scenario
  }

  /** All workers accept. Their ids are 1 to `workers`, in the order of their slots. */
  static serving(workers: number, settings?: Partial<Settings>, seed?: number): Scenario {
    const scenario = Scenario.starting(workers, settings, seed)
    for (const { id } of scenario.state.workers) scenario.bootWorker(id)
    return scenario
  }

  /** What follows from these events, all of them now. */
  send(...events: readonly Event[]): Consequences {
    const effects = events.flatMap((event) => {
      const result = checkedStep(this.state, event, this.now)
      this.state = result.state
      return result.effects
    })
    return new Consequences(effects)
  }

  /** What follows while time passes and nobody says anything: a tick at each deadline on the way. */
  pass(ms: number): Consequences {
    const end = this.now + ms
    const effects: Effect[] = []
    for (;;) {
      const deadline = nextDeadline(this.state)
      if (deadline === null || deadline > end) break
      this.now = deadline
      const result = checkedStep(this.state, { type: 'tick' }, this.now)
      this.state = result.state
      effects.push(...result.effects)
    }
    this.now = end
    return new Consequences(effects)
  }

  /** Takes a worker from its fork to accepting. */
  bootWorker(worker: WorkerId): Consequences {
    return this.send(forked(worker), loaded(worker), ready(worker), accepting(worker))
  }

  /** The ids of those that fill a slot or leave, with the name of their phase. */
  get workers(): Record<WorkerId, string> {
    return Object.fromEntries(this.state.workers.map(({ id, phase }) => [id, phase.kind]))
  }
}
