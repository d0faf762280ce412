import type { WorkerName } from '../core/report.ts'

/** What a hook may return: nothing, now or later. A hook is awaited. */
export type HookResult = void | Promise<void>

/** How a worker ended, as `workerExit` is told. */
export interface WorkerEnd extends WorkerName {
  readonly code: number | null
  readonly signal: string | null
}

/**
 * Functions that are called at gunicorn's moments. All run in the supervisor, except `postFork`, which runs in the
 * worker before the app is loaded. An error in a hook is reported with the hook's name; before the first generation
 * is ready it ends the boot.
 */
export interface Hooks {
  /** Before the first worker is forked (gunicorn: `on_starting`). */
  readonly onStarting?: () => HookResult
  /** When the first generation is complete (`when_ready`). */
  readonly whenReady?: () => HookResult
  /** Before each fork, which waits for it (`pre_fork`). */
  readonly preFork?: (worker: Pick<WorkerName, 'worker' | 'index' | 'generation'>) => HookResult
  /** In the worker, before the app is loaded (`post_fork`). */
  readonly postFork?: (worker: { readonly index: number; readonly generation: number }) => HookResult
  /** When a worker is ready (`post_worker_init`). */
  readonly workerReady?: (worker: WorkerName) => HookResult
  /** When a worker has ended (`child_exit`). */
  readonly workerExit?: (worker: WorkerEnd) => HookResult
  /** Before a new generation is rolled in (`on_reload`). */
  readonly onReload?: () => HookResult
  /** When the last worker has ended, before the supervisor does (`on_exit`). */
  readonly onExit?: () => HookResult
}

export type HookName = keyof Hooks
