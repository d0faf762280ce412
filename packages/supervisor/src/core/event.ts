import type { BootFailure, BootStep, ErrorSummary } from './failure.ts'
import type { Settings, StopMode, WorkerId } from './types.ts'
import type { Verdict } from './verdict.ts'

/** What can happen: what was asked of the supervisor, what a worker tells, and the answer to each effect. */
export type Event =
  | { readonly type: 'start' }
  | { readonly type: 'tick' }
  | { readonly type: 'stop'; readonly mode: StopMode; readonly origin: string }
  | { readonly type: 'reload'; readonly origin: string }
  /** In development: these files are not what was loaded. */
  | { readonly type: 'changed'; readonly origin: string; readonly files: readonly string[] }
  /** A function of the config file has thrown, or did not return in time. */
  | { readonly type: 'hook-failed'; readonly hook: string; readonly error: ErrorSummary }
  | { readonly type: 'scale'; readonly by: number }
  /** Configuration and files for a new generation have been read, or are no good. */
  | { readonly type: 'prepared'; readonly generation: number; readonly settings: Settings }
  | { readonly type: 'not-prepared'; readonly generation: number; readonly error: ErrorSummary }
  /** Which files that the generation has loaded are not on the disk any more as they were. */
  | { readonly type: 'files-checked'; readonly generation: number; readonly changed: readonly string[] }
  | WorkerEvent

/** What concerns one worker. */
export type WorkerEvent =
  | { readonly type: 'forked'; readonly worker: WorkerId; readonly pid: number }
  /** `hook` is the one that failed, if that was before the fork. */
  | { readonly type: 'fork-failed'; readonly worker: WorkerId; readonly error: ErrorSummary; readonly hook?: string }
  | { readonly type: 'progress'; readonly worker: WorkerId; readonly step: BootStep; readonly detail: string | null }
  | { readonly type: 'ready'; readonly worker: WorkerId }
  | { readonly type: 'accepting'; readonly worker: WorkerId }
  /** A sign of life: requests since the start, bytes of memory, the mean delay of the event loop. */
  | {
      readonly type: 'heartbeat'
      readonly worker: WorkerId
      readonly requests: number
      readonly rss: number
      readonly loopDelayMs: number
    }
  | { readonly type: 'inspected'; readonly worker: WorkerId; readonly verdict: Verdict }
  /** A worker that drains takes no connection any more. */
  | { readonly type: 'intake-closed'; readonly worker: WorkerId }
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
