import type { Effect, Phase, Report, Slot, State, WorkerId, WorkerName, WorkerState } from './types.ts'

/**
 * The state while one event is worked on. It is copied once, changed in place by the rules below `step`, and handed
 * back as the next state, so that the rules read as plain statements and `step` stays a function.
 */
export interface Draft {
  readonly settings: State['settings']
  phase: Phase
  startedAt: number
  generation: number
  slots: Slot[]
  workers: WorkerState[]
  nextId: WorkerId
  complete: boolean
  seed: number
  readonly effects: Effect[]
  readonly now: number
}

export function draftOf(state: State, now: number): Draft {
  return { ...state, slots: [...state.slots], workers: [...state.workers], effects: [], now }
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

/** Whether a worker fills its slot: it serves, or is on its way to. */
export function isCurrent(worker: WorkerState): boolean {
  switch (worker.phase.kind) {
    case 'booting':
    case 'ready':
    case 'accepting':
      return true
    case 'draining':
    case 'killed':
      return false
  }
}
