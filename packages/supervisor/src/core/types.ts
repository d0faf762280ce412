/**
 * The vocabulary of the core: the state between what can happen (event.ts), what is to be done about it (effect.ts),
 * and what is told to whoever listens (report.ts). Data only: no clock, no handles, nothing of Node.
 */
import type { Reserve } from './reserve.ts'
import type { BootFailure, BootStep, ErrorSummary } from './failure.ts'
import type { Owner } from './owners.ts'
import type { Rollout } from './rollout-kinds.ts'

export type { Rollout, Target } from './rollout-kinds.ts'

/** A worker's number in the life of this supervisor: 1, 2, 3 and so on, never reused. */
export type WorkerId = number

/**
 * How a stop treats connections: `graceful` keeps idle ones for the keep-alive time that they were promised, `quick`
 * ends them soon. Requests in flight get the graceful timeout in both.
 */
export type StopMode = 'graceful' | 'quick'

/** How a worker drains: as in a stop, or because what it has loaded is `stale`, and must not answer any more. */
export type DrainMode = StopMode | 'stale'

/** The times and counts that decisions depend on. All times are milliseconds, and 0 turns a limit off. */
export interface Settings {
  readonly workers: number
  readonly bootTimeoutMs: number
  readonly gracefulTimeoutMs: number
  readonly killTimeoutMs: number
  /** How long a stop keeps serving before the workers drain. */
  readonly shutdownDelayMs: number
  /** How long the first new worker of a reload has to stay ready before the others follow. */
  readonly canaryMs: number
  /** How many new workers of a reload boot at a time. */
  readonly maxSurge: number
  /** How many processes wait to become workers, in production; at most as many as there are workers. */
  readonly spares: number
  /** Whether a reload swaps workers batch by batch. */
  readonly rolling: boolean
  /** Whether the connections of one address go to one worker. */
  readonly isSticky: boolean
  /** How long a worker may give no sign of life. */
  readonly timeoutMs: number
  readonly maxRequests: number
  readonly maxRequestsJitter: number
  readonly maxAgeMs: number
  /** Bytes. */
  readonly maxMemory: number
  readonly maxLoopDelayMs: number
  /** How long the supervisor goes on without any worker that is ready. */
  readonly giveUpMs: number
  /** Whether workers are replaced whenever a file changes, and what is broken is shown. */
  readonly isDevelopment: boolean
}

/** Why a worker was asked to leave. */
export type LeaveReason =
  | 'stop'
  | 'scaled-down'
  | 'signalled'
  | 'boot-failed'
  | 'boot-timed-out'
  /** A new generation has taken over. */
  | 'reloaded'
  /** It belongs to a generation that is not wanted after all. */
  | 'reload-failed'
  | 'recycled'
  | 'hung'
  /** A file has changed. */
  | 'changed'

/** Why a worker is recycled. */
export type RecycleReason = 'max-requests' | 'max-age' | 'max-memory' | 'max-loop-delay'

export type WorkerPhase =
  | { readonly kind: 'booting'; readonly step: BootStep; readonly detail: string | null; readonly deadline: number }
  /** It is ready, but the reload that it belongs to does not let it accept yet. */
  | { readonly kind: 'standby'; readonly readySince: number }
  | { readonly kind: 'ready'; readonly readySince: number; readonly deadline: number }
  | { readonly kind: 'accepting'; readonly readySince: number }
  | {
      readonly kind: 'draining'
      readonly reason: LeaveReason
      readonly readySince: number | null
      readonly since: number
      /** When it is to have done with its requests. */
      readonly graceEndsAt: number
      readonly killAt: number
      /** Whether it may still take a connection. */
      readonly intake: 'open' | 'closed'
    }
  | {
      readonly kind: 'killed'
      readonly reason: LeaveReason
      readonly readySince: number | null
      readonly giveUpAt: number
    }

/**
 * What a worker is there for: it has its slot; it is part of a new generation that takes over as a whole, or not at
 * all; or it takes its slot over as soon as it accepts; or it shows why the app does not run.
 */
export type Role = 'serving' | 'candidate' | 'successor' | 'page'

/** When a worker has last given a sign of life. */
export type Pulse =
  | { readonly kind: 'beating'; readonly at: number }
  /** Nothing for too long: it is being looked at. */
  | { readonly kind: 'silent'; readonly since: number; readonly giveUpAt: number }
  /** It went on while it was being looked at. */
  | { readonly kind: 'recovered'; readonly at: number; readonly silentMs: number }

/** What a worker has used up, as it told last. */
export interface Usage {
  readonly requests: number
  /** Bytes; null until it has told. */
  readonly rss: number | null
  /** How many samples in a row were above the limit. */
  readonly samplesOverMemory: number
  readonly samplesOverDelay: number
}

/** Whether a worker is to be recycled, and why; `value` is what has reached its limit. */
export interface Due {
  readonly reason: RecycleReason
  readonly value: number
}

/** A live process. It leaves the list when its exit has been seen. */
export interface WorkerState {
  readonly id: WorkerId
  readonly index: number
  readonly generation: number
  readonly role: Role
  /** Those of its generation: while versions mix they are not the same for all. */
  readonly settings: Settings
  readonly forkedAt: number
  readonly pid: number | null
  readonly phase: WorkerPhase
  /** Whether it was told, before it was ready, to accept as soon as it is. */
  readonly mayAccept: boolean
  readonly pulse: Pulse
  readonly usage: Usage
  /** With its jitter; null without a limit. */
  readonly requestLimit: number | null
  readonly due: Due | null
  /** The address that it was refused last, until it is ready: what its exit is then put down to. */
  readonly refused: ErrorSummary | null
  /** The uncaught error that a worker reported on its way out. */
  readonly lastError: ErrorSummary | null
}

/** Why the next worker of a slot is forked. */
export type ForkReason = 'boot' | 'scaled-up' | 'crashed' | 'replaced' | 'reload' | 'recycle' | 'broken'

/** How the last worker of a slot ended. */
export interface LastExit {
  readonly code: number | null
  readonly signal: string | null
  /** Why it was asked to leave; null when nobody asked. */
  readonly reason: LeaveReason | null
  readonly at: number
}

/** A place for one worker. Its index is stable and passed on to every replacement. */
export interface Slot {
  readonly index: number
  /** Failures in a row; a worker that was ready for long enough ends the row. */
  readonly failures: number
  /** The earliest time of the next fork, once the slot is empty. */
  readonly forkAt: number
  readonly forkReason: ForkReason
  readonly lastExit: LastExit | null
}

/** Which files of the generation that serves have changed on the disk since it was loaded. */
export type Drift =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'checking' }
  | { readonly kind: 'checked'; readonly at: number; readonly changed: readonly string[] }

/** In development: why the code does not run. It is held back for a moment, in case the rest of a write follows. */
export type Broken =
  | { readonly kind: 'held'; readonly failure: BootFailure; readonly since: number }
  | { readonly kind: 'shown'; readonly failure: BootFailure }

/** How the supervisor ended. */
export type Outcome =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'forced' }
  | { readonly kind: 'failed'; readonly failure: BootFailure; readonly worker: WorkerId | null }

export type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'serving' }
  /** A stop was asked for; balancers get the time to notice that this supervisor is not ready any more. */
  | { readonly kind: 'delaying'; readonly origin: string; readonly since: number; readonly until: number }
  | { readonly kind: 'stopping'; readonly mode: StopMode; readonly since: number; readonly outcome: Outcome }
  | { readonly kind: 'stopped'; readonly outcome: Outcome }

export interface State {
  readonly settings: Settings
  readonly phase: Phase
  readonly startedAt: number
  /** The generation that empty slots are filled with. */
  readonly generation: number
  readonly nextGeneration: number
  readonly rollout: Rollout | null
  /** The spares that were asked for last; null while those that wait are left as they are. */
  readonly reserve: Reserve | null
  /** Who takes connections in, as the workers were told; nobody unless addresses are to stay with one of them. */
  readonly owners: readonly Owner[]
  readonly drift: Drift
  readonly broken: Broken | null
  /** How many attempts in a row a change has put an end to, and when the last change was. */
  readonly attempts: { readonly count: number; readonly at: number }
  readonly slots: readonly Slot[]
  readonly workers: readonly WorkerState[]
  readonly nextId: WorkerId
  /** Whether all workers of the first generation have been seen accepting; it is reported once. */
  readonly complete: boolean
  /** Since when no worker has been ready; null while one is, or before the first one was. */
  readonly unservedSince: number | null
  readonly lastFailure: BootFailure | null
  /** Whether addresses may be held that only a generation which has gone wanted. */
  readonly mayReleaseListeners: boolean
  /** How many workers were forked for each reason. */
  readonly forks: Readonly<Record<ForkReason, number>>
  /** State of the generator that jitter is drawn from. */
  readonly seed: number
}
