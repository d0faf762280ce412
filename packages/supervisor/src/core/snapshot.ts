import type { State, WorkerId } from './types.ts'

/** What a worker does at a moment. */
export type WorkerStatus = 'booting' | 'ready' | 'accepting' | 'draining' | 'killed'

/** The state of a supervisor, for people and programs. All times are milliseconds. */
export interface Snapshot {
  readonly phase: 'idle' | 'starting' | 'serving' | 'stopping' | 'stopped'
  readonly generation: number
  /** How many workers there should be. */
  readonly wanted: number
  readonly workers: readonly {
    readonly worker: WorkerId
    readonly index: number
    readonly generation: number
    readonly pid: number | null
    readonly status: WorkerStatus
    readonly uptimeMs: number
  }[]
  /** Places that are empty, how often their workers failed in a row, and when the next one is started. */
  readonly waiting: readonly { readonly index: number; readonly failures: number; readonly startsInMs: number }[]
}

/** Says what `status` shows. */
export function snapshotOf(state: State, now: number): Snapshot {
  const filled = new Set(
    state.workers.filter(({ phase }) => phase.kind !== 'draining' && phase.kind !== 'killed').map(({ index }) => index),
  )
  return {
    phase: state.phase.kind,
    generation: state.generation,
    wanted: state.slots.length,
    workers: state.workers.map(({ id, index, generation, pid, phase, forkedAt }) => ({
      worker: id,
      index,
      generation,
      pid,
      status: phase.kind,
      uptimeMs: now - forkedAt,
    })),
    waiting: state.slots
      .filter(({ index }) => !filled.has(index))
      .map(({ index, failures, forkAt }) => ({ index, failures, startsInMs: Math.max(0, forkAt - now) })),
  }
}
