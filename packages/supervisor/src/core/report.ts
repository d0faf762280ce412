import type { BootFailure, ErrorSummary, ReloadFailure } from './failure.ts'
import type { ForkReason, LeaveReason, Outcome, RecycleReason, StopMode, WorkerId } from './types.ts'
import type { Verdict } from './verdict.ts'

/** A worker as reports name it. */
export interface WorkerName {
  readonly worker: WorkerId
  readonly index: number
  readonly generation: number
  readonly pid: number | null
}

/** What happened, for logs, metrics, hooks and users of the library. All times are milliseconds. */
export type Report =
  | { readonly type: 'starting'; readonly workers: number }
  | { readonly type: 'serving'; readonly workers: number; readonly afterMs: number }
  | { readonly type: 'scaled'; readonly from: number; readonly to: number }
  | { readonly type: 'scale-refused'; readonly workers: number; readonly limit: number }
  | { readonly type: 'hook-failed'; readonly hook: string; readonly error: ErrorSummary }
  | { readonly type: 'gave-up'; readonly afterMs: number }
  | { readonly type: 'shutdown-delayed'; readonly origin: string; readonly forMs: number }
  | { readonly type: 'stopping'; readonly mode: StopMode; readonly origin: string; readonly workers: number }
  | { readonly type: 'stop-forced'; readonly origin: string; readonly workers: number }
  | { readonly type: 'stopped'; readonly outcome: Outcome }
  | ReloadReport
  /** In development: files have changed, and what was loaded before answers nothing more. */
  | { readonly type: 'changed'; readonly origin: string; readonly files: readonly string[] }
  | WorkerReport

/** How a reload goes. */
export type ReloadReport =
  | { readonly type: 'reload-asked'; readonly origin: string }
  /** A newer reload takes the place of the one that was under way. */
  | { readonly type: 'reload-superseded'; readonly origin: string }
  | { readonly type: 'reload-started'; readonly generation: number; readonly workers: number }
  /** Old and new workers serve side by side from now on. */
  | { readonly type: 'reload-rolling'; readonly generation: number }
  /** The new generation alone accepts. */
  | { readonly type: 'reloaded'; readonly generation: number; readonly workers: number; readonly afterMs: number }
  /** The old generation serves on. `generation` is the one that was not to be. */
  | { readonly type: 'reload-failed'; readonly generation: number; readonly failure: ReloadFailure }
  /** Files of the generation that serves have changed on the disk: a crash is replaced by what is there now. */
  | { readonly type: 'drift'; readonly generation: number; readonly files: readonly string[] }

/** What happens to a worker. */
export type WorkerReport =
  | ({ readonly type: 'worker-forked'; readonly reason: ForkReason } & WorkerName)
  | ({ readonly type: 'worker-ready'; readonly afterMs: number } & WorkerName)
  | ({ readonly type: 'worker-boot-failed'; readonly failure: BootFailure } & WorkerName)
  | ({ readonly type: 'worker-recycling'; readonly reason: RecycleReason; readonly value: number } & WorkerName)
  | ({ readonly type: 'worker-hung'; readonly silentMs: number; readonly verdict: Verdict } & WorkerName)
  | ({ readonly type: 'worker-recovered'; readonly silentMs: number; readonly verdict: Verdict } & WorkerName)
  | ({ readonly type: 'worker-debugged'; readonly silentMs: number } & WorkerName)
  | ({ readonly type: 'worker-draining'; readonly reason: LeaveReason } & WorkerName)
  /** Too many workers drain at a time: the oldest is ended. */
  | ({ readonly type: 'worker-crowded-out'; readonly draining: number } & WorkerName)
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
  | ({ readonly type: 'worker-abandoned' } & WorkerName)
