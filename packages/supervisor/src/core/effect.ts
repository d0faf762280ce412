import type { Owner } from './owners.ts'
import type { Report } from './report.ts'
import type { BootFailure } from './failure.ts'
import type { DrainMode, Outcome, WorkerId } from './types.ts'

/** What is to be done. Each effect is answered by an event, its failure included. */
export type Effect =
  | {
      readonly type: 'fork'
      readonly worker: WorkerId
      readonly index: number
      readonly generation: number
      /** After how many requests the worker tells at once that it has reached them; null: never. */
      readonly requestLimit: number | null
    }
  /** Fork a worker that shows why the app does not run. */
  | {
      readonly type: 'fork-page'
      readonly worker: WorkerId
      readonly generation: number
      readonly failure: BootFailure
    }
  /**
   * Have this many processes wait that can become workers of the generation, neither more nor fewer, but not before
   * `delayMs` are over: a fork takes its spare from them. No event answers it, since nothing depends on it.
   */
  | { readonly type: 'reserve'; readonly generation: number; readonly count: number; readonly delayMs: number }
  /** Tell all workers who takes connections in, so that each address stays with one of them. Answered by no event. */
  | { readonly type: 'owners'; readonly owners: readonly Owner[] }
  /** Let a worker accept, at once or as soon as it is ready. */
  | { readonly type: 'accept'; readonly worker: WorkerId }
  | { readonly type: 'drain'; readonly worker: WorkerId; readonly mode: DrainMode; readonly graceMs: number }
  | { readonly type: 'kill'; readonly worker: WorkerId }
  /** Find out why a worker gives no sign of life. */
  | { readonly type: 'inspect'; readonly worker: WorkerId }
  /** Tell a worker that it does not count as ready any more, though it serves on. */
  | { readonly type: 'unready'; readonly worker: WorkerId }
  /** Read configuration and files anew, for a generation of this number. */
  | { readonly type: 'prepare'; readonly generation: number }
  /** See whether the files that this generation has loaded are still the same. */
  | { readonly type: 'check-files'; readonly generation: number }
  /** Let go of addresses that no worker of this generation has asked for. */
  | { readonly type: 'release-listeners'; readonly generation: number }
  | { readonly type: 'close-listeners' }
  | { readonly type: 'finish'; readonly outcome: Outcome }
  | { readonly type: 'report'; readonly report: Report }
