/** What is known of an error that was thrown in a worker, as it travels between processes. */
export interface ErrorSummary {
  readonly name: string
  readonly message: string
  readonly code?: string | undefined
  readonly stack?: string | undefined
}

/**
 * How far a worker that boots has come: what comes before the app runs, its main module runs, it has ended and a listen is
 * awaited, or the app's own word with `--ready signal`, or it listens.
 */
export type BootStep = 'preloading' | 'loading' | 'loaded' | 'silent' | 'listening'

/** Why a worker did not become ready, or none of them is. */
export type BootFailure =
  | { readonly kind: 'not-loaded'; readonly error: ErrorSummary }
  /** `what` has run before the app, and failed: a module of `--import`, or a hook. */
  | { readonly kind: 'preload'; readonly what: string; readonly error: ErrorSummary }
  /** The worker could not become the user that it is to run as. `account` says which one. */
  | { readonly kind: 'rights'; readonly account: string; readonly error: ErrorSummary }
  | { readonly kind: 'not-servable'; readonly found: string; readonly hint: string }
  /** TLS was asked for, and can't be had with this app: the end of a sentence that begins with its name. */
  | { readonly kind: 'not-secured'; readonly found: string }
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
  /** Ready, and then without a sign of life before it was to accept. */
  | { readonly kind: 'hung'; readonly silentMs: number }
  /** No worker has been ready for as long as `--give-up` says; `last` is what went wrong last. */
  | { readonly kind: 'gave-up'; readonly afterMs: number; readonly last: BootFailure | null }
  | { readonly kind: 'fork-failed'; readonly error: ErrorSummary }

/** Why a reload was given up. */
export type ReloadFailure =
  /** The configuration, an env file or the app's file is no good. */
  | { readonly kind: 'not-prepared'; readonly error: ErrorSummary }
  | { readonly kind: 'worker'; readonly failure: BootFailure; readonly worker: number }
  /** The supervisor stops. */
  | { readonly kind: 'stopped' }
