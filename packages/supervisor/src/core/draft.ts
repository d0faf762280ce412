import type { Effect } from './effect.ts'
import type { Report, WorkerName } from './report.ts'
import type { State, WorkerState } from './types.ts'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Each)[] ? Each[] : T[Key] }

/**
 * The state while one event is worked on. It is copied once, changed in place by the rules below `step`, and handed
 * back as the next state, so that the rules read as plain statements and `step` stays a function.
 */
export interface Draft extends Mutable<State> {
  readonly effects: Effect[]
  readonly now: number
}

export function draftOf(state: State, now: number): Draft {
  return { ...state, slots: [...state.slots], workers: [...state.workers], owners: [...state.owners], effects: [], now }
}

export function stateOf({ effects: _effects, now: _now, ...state }: Draft): State {
  return state
}

export function nameOf(worker: WorkerState): WorkerName {
  return { worker: worker.id, index: worker.index, generation: worker.generation, pid: worker.pid }
}

export function report(draft: Draft, report: Report): void {
  draft.effects.push({ type: 'report', report })
}

/** Replaces a worker in the draft by a copy with some fields changed, and returns the copy. */
export function change(draft: Draft, worker: WorkerState, fields: Partial<WorkerState>): WorkerState {
  const changed = { ...worker, ...fields }
  draft.workers[draft.workers.findIndex((other) => other.id === worker.id)] = changed
  return changed
}

/** Whether a worker serves, or is on its way to: it has not been asked to leave. */
export function isCurrent(worker: WorkerState): boolean {
  switch (worker.phase.kind) {
    case 'booting':
    case 'standby':
    case 'ready':
    case 'accepting':
      return true
    case 'draining':
    case 'killed':
      return false
  }
}

/** Whether a worker has been ready and has not been asked to leave. */
export function isReady({ phase }: WorkerState): boolean {
  return phase.kind === 'standby' || phase.kind === 'ready' || phase.kind === 'accepting'
}
