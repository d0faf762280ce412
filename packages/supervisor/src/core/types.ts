/**
 * The vocabulary of the core: what can happen (Event), what is to be done about it (Effect), what is told to whoever
 * listens (Report), and the state in between. Data only: no clock, no handles, nothing of Node.
 */

/** A worker's number in the life of this supervisor: 1, 2, 3 and so on, never reused. */
export type WorkerId = number

/** What is known of an error that was thrown in a worker, as it travels between processes. */
export interface ErrorSummary {
  readonly name: string
  readonly message: string
  readonly code?: string | undefined
  readonly stack?: string | undefined
}

/** Why a worker did not become ready. */
export type BootFailure =
  | { readonly kind: 'not-loaded'; readonly error: ErrorSummary }
  /** `what` has run before the app, and failed: a module of `--import`, or a hook. */
  | { readonly kind: 'preload'; readonly what: string; readonly error: ErrorSummary }
  | { readonly kind: 'not-servable'; readonly found: string; readonly hint: string }
  | { readonly kind: 'threw'; readonly error: ErrorSummary }
  /** An address that the app, or `--bind`, asked for is not to be had. */
  | { readonly kind: 'not-listening'; readonly error: ErrorSummary }
  /** The process had nothing left to do, in its main module or after it: the app neither listens nor exports. */
  | { readonly kind: 'ended'; readonly step: BootStep }
  | { readonly kind: 'exited'; readonly code: number | null; readonly signal: string | null }
  | {
      readonly kind: 'timed-out'
      readonly afterMs: number
      readonly step: BootStep
      /** What the worker had found, or waited for. */
      readonly detail: string | null
    }
  | { readonly kind: 'fork-failed'; readonly error: ErrorSummary }

/** How far a worker that boots has come: its main module runs, it has ended and a listen is awaited, or it listens. */
export type BootStep = 'loading' | 'loaded' | 'listening'

/**
 * How a stop treats connections: `graceful` keeps idle ones for the keep-alive time that they were promised, `quick`
 * ends them soon. Requests in flight get the graceful timeout in both.
 */
export type StopMode = 'graceful' | 'quick'

/** The times and counts that decisions depend on. All times are milliseconds. */
export interface Settings {
  readonly workers: number
  readonly bootTimeoutMs: number
  readonly gracefulTimeoutMs: number
  readonly killTimeoutMs: number
}

/** Why a worker was asked to leave. */
export type LeaveReason = 'stop' | 'scaled-down' | 'signalled' | 'boot-failed' | 'boot-timed-out'

export type WorkerPhase =
  | { readonly kind: 'booting'; readonly step: BootStep; readonly detail: string | null; readonly deadline: number }
  | { readonly kind: 'ready'; readonly readySince: number; readonly deadline: number }
  | { readonly kind: 'accepting'; readonly readySince: number }
  | {
      readonly kind: 'draining'
      readonly reason: LeaveReason
      readonly readySince: number | null
      readonly killAt: number
    }
  | {
      readonly kind: 'killed'
      readonly reason: LeaveReason
      readonly readySince: number | null
      readonly giveUpAt: number
    }

/** A live process. It leaves the list when its exit has been seen. */
export interface WorkerState {
  readonly id: WorkerId
  readonly index: number
  readonly generation: number
  readonly forkedAt: number
  readonly pid: number | null
  readonly phase: WorkerPhase
  /** The address that it was refused last, until it is ready: what its exit is then put down to. */
  readonly refused: ErrorSummary | null
  /** The uncaught error that a worker reported on its way out. */
  readonly lastError: ErrorSummary | null
}

/** Why the next worker of a slot is forked. */
export type ForkReason = 'boot' | 'scaled-up' | 'crashed' | 'replaced'

/** A place for one worker. Its index is stable and passed on to every replacement. */
export interface Slot {
  readonly index: number
  /** Failures in a row; a worker that was ready for long enough ends the row. */
  readonly failures: number
  /** The earliest time of the next fork, once the slot is empty. */
  readonly forkAt: number
  readonly forkReason: ForkReason
}

/** How the supervisor ended. */
export type Outcome =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'forced' }
  | { readonly kind: 'failed'; readonly failure: BootFailure; readonly worker: WorkerId | null }

export type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'serving' }
  | { readonly kind: 'stopping'; readonly mode: StopMode; readonly since: number; readonly outcome: Outcome }
  | { readonly kind: 'stopped'; readonly outcome: Outcome }

export interface State {
  readonly settings: Settings
  readonly phase: Phase
  readonly startedAt: number
  readonly generation: number
  readonly slots: readonly Slot[]
  readonly workers: readonly WorkerState[]
  readonly nextId: WorkerId
  /** Whether all workers of the first generation have been seen accepting; it is reported once. */
  readonly complete: boolean
  /** State of the generator that jitter is drawn from. */
  readonly seed: number
}

export type Event =
  | { readonly type: 'start' }
  | { readonly type: 'tick' }
  | { readonly type: 'stop'; readonly mode: StopMode; readonly origin: string }
  /** A function of the config file has thrown, or did not return in time. */
  | { readonly type: 'hook-failed'; readonly hook: string; readonly error: ErrorSummary }
  | { readonly type: 'scale'; readonly by: number }
  | { readonly type: 'forked'; readonly worker: WorkerId; readonly pid: number }
  /** `hook` is the one that failed, if that was before the fork. */
  | { readonly type: 'fork-failed'; readonly worker: WorkerId; readonly error: ErrorSummary; readonly hook?: string }
  | { readonly type: 'progress'; readonly worker: WorkerId; readonly step: BootStep; readonly detail: string | null }
  | { readonly type: 'ready'; readonly worker: WorkerId }
  | { readonly type: 'accepting'; readonly worker: WorkerId }
  | { readonly type: 'failed'; readonly worker: WorkerId; readonly failure: BootFailure }
  | { readonly type: 'threw'; readonly worker: WorkerId; readonly error: ErrorSummary }
  /** An address that the worker wanted is not to be had. */
  | { readonly type: 'refused'; readonly worker: WorkerId; readonly error: ErrorSummary }
  | { readonly type: 'signalled'; readonly worker: WorkerId; readonly signal: string }
  | {
      readonly type: 'exited'
      readonly worker: WorkerId
      readonly code: number | null
      readonly signal: string | null
    }

export type Effect =
  | { readonly type: 'fork'; readonly worker: WorkerId; readonly index: number; readonly generation: number }
  | { readonly type: 'accept'; readonly worker: WorkerId }
  | { readonly type: 'drain'; readonly worker: WorkerId; readonly mode: StopMode; readonly graceMs: number }
  | { readonly type: 'kill'; readonly worker: WorkerId }
  | { readonly type: 'close-listeners' }
  | { readonly type: 'finish'; readonly outcome: Outcome }
  | { readonly type: 'report'; readonly report: Report }

/** A worker as reports name it. */
export interface WorkerName {
  readonly worker: WorkerId
  readonly index: number
  readonly generation: number
  readonly pid: number | null
}

/** What happened, for logs, metrics, hooks and users of the library. */
export type Report =
  | { readonly type: 'starting'; readonly workers: number }
  | { readonly type: 'serving'; readonly workers: number; readonly afterMs: number }
  | ({ readonly type: 'worker-forked'; readonly reason: ForkReason } & WorkerName)
  | ({ readonly type: 'worker-ready'; readonly afterMs: number } & WorkerName)
  | ({ readonly type: 'worker-boot-failed'; readonly failure: BootFailure } & WorkerName)
  | ({ readonly type: 'worker-draining'; readonly reason: LeaveReason } & WorkerName)
  | ({ readonly type: 'worker-killed'; readonly reason: LeaveReason } & WorkerName)
  | ({
      readonly type: 'worker-exited'
      readonly code: number | null
      readonly signal: string | null
      /** Why it was asked to leave; null when nobody asked. */
      readonly reason: LeaveReason | null
      readonly error: ErrorSummary | null
      readonly uptimeMs: number
      /** How long until its replacement is forked; null when there will be none. */
      readonly restartInMs: number | null
    } & WorkerName)
  | { readonly type: 'scaled'; readonly from: number; readonly to: number }
  | { readonly type: 'scale-refused'; readonly workers: number; readonly limit: number }
  | { readonly type: 'stopping'; readonly mode: StopMode; readonly origin: string; readonly workers: number }
  | { readonly type: 'hook-failed'; readonly hook: string; readonly error: ErrorSummary }
  | { readonly type: 'stop-forced'; readonly origin: string; readonly workers: number }
  | { readonly type: 'stopped'; readonly outcome: Outcome }
  | ({ readonly type: 'worker-abandoned' } & WorkerName)
