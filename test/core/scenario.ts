import { initialState, nextDeadline } from '../../packages/supervisor/src/core/step.ts'
import type { Effect } from '../../packages/supervisor/src/core/effect.ts'
import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { BootFailure, ErrorSummary } from '../../packages/supervisor/src/core/failure.ts'
import type { Report } from '../../packages/supervisor/src/core/report.ts'
import type { Settings, State, StopMode, WorkerId } from '../../packages/supervisor/src/core/types.ts'
import { checkedStep } from './checked-step.ts'
import { NOTHING_SPECIAL } from './settings.ts'

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

export const fork = (worker: WorkerId, index: number, generation = 1): Action => ({
  type: 'fork',
  worker,
  index,
  generation,
  requestLimit: null,
})
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
    const times = { bootTimeoutMs: BOOT_MS, gracefulTimeoutMs: GRACE_MS, killTimeoutMs: KILL_MS }
    this.state = initialState({ workers, ...NOTHING_SPECIAL, ...times, ...settings }, seed)
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

  /** A reload is asked for, and what it needs has been read: its canary boots. */
  reload(settings: Partial<Settings> = {}): Consequences {
    this.send(RELOAD)
    return this.prepared(settings)
  }

  /** What the reload needs has been read. */
  prepared(settings: Partial<Settings> = {}): Consequences {
    const { rollout } = this.state
    if (rollout?.kind !== 'preparing') throw new Error('nothing is being prepared')
    const { generation } = rollout
    return this.send({ type: 'prepared', generation, settings: { ...this.state.settings, ...settings } })
  }

  /** What the rollout under way is doing; null without one. */
  get rollout(): string | null {
    return this.state.rollout?.kind ?? null
  }

  /** The ids of those that accept, or were just let, with their generation. */
  get serving(): Record<WorkerId, number> {
    const serving = this.state.workers.filter(({ phase }) => phase.kind === 'ready' || phase.kind === 'accepting')
    return Object.fromEntries(serving.map(({ id, generation }) => [id, generation]))
  }

  /** The ids of those that fill a slot or leave, with the name of their phase. */
  get workers(): Record<WorkerId, string> {
    return Object.fromEntries(this.state.workers.map(({ id, phase }) => [id, phase.kind]))
  }
}

export const RELOAD: Event = { type: 'reload', origin: 'SIGHUP' }
export const NO_GOOD: ErrorSummary = { name: 'SupervisorError', message: 'there is no app.js' }
export const prepare = (generation: number): Action => ({ type: 'prepare', generation })
export const notPrepared = (generation: number): Event => ({ type: 'not-prepared', generation, error: NO_GOOD })
export const intakeClosed = (worker: WorkerId): Event => ({ type: 'intake-closed', worker })
export const filesChecked = (generation: number, ...changed: string[]): Event => ({
  type: 'files-checked',
  generation,
  changed,
})
export const beat = (
  worker: WorkerId,
  told: Partial<{ requests: number; rss: number; loopDelayMs: number }> = {},
): Event => ({
  type: 'heartbeat',
  worker,
  requests: 0,
  rss: 0,
  loopDelayMs: 0,
  ...told,
})
