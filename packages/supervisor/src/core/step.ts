import { draftOf, report, stateOf, type Draft } from './draft.ts'
import { reconcile } from './reconcile.ts'
import { isRunning } from './slot.ts'
import { hookFailed, stop } from './stop.ts'
import { applyToWorker } from './worker-event.ts'
import type { Effect, Event, ForkReason, Settings, Slot, State } from './types.ts'

export { nextDeadline } from './reconcile.ts'

/** More workers than this are a typing error rather than a wish. */
export const MOST_WORKERS = 512

/** The state before the `start` event. `seed` decides the jitter of delays and nothing else. */
export function initialState(settings: Settings, seed: number): State {
  return {
    settings,
    phase: { kind: 'idle' },
    startedAt: 0,
    generation: 1,
    slots: [],
    workers: [],
    nextId: 1,
    complete: false,
    seed,
  }
}

/**
 * Decides what follows from an event. Pure: the same state, event and time always give the same answer.
 *
 * An event first changes facts (a worker is ready, has exited, a stop was asked for); `reconcile` then compares the
 * facts with what is wanted and does what is missing. An event that comes late or twice therefore does no harm.
 */
export function step(state: State, event: Event, now: number): { readonly state: State; readonly effects: Effect[] } {
  if (state.phase.kind === 'stopped') return { state, effects: [] }
  const draft = draftOf(state, now)
  apply(draft, event)
  reconcile(draft)
  return { state: stateOf(draft), effects: draft.effects }
}

function apply(draft: Draft, event: Event): void {
  switch (event.type) {
    case 'start':
      return start(draft)
    case 'tick':
      return
    case 'stop':
      return stop(draft, event.mode, event.origin)
    case 'hook-failed':
      return hookFailed(draft, event.hook, event.error)
    case 'scale':
      return scale(draft, event.by)
    default:
      return applyToWorker(draft, event)
  }
}

function start(draft: Draft): void {
  if (draft.phase.kind !== 'idle') return
  draft.phase = { kind: 'starting' }
  draft.startedAt = draft.now
  draft.slots = Array.from({ length: draft.settings.workers }, (_, index) => emptySlot(index, 'boot', draft.now))
  report(draft, { type: 'starting', workers: draft.slots.length })
}

function emptySlot(index: number, forkReason: ForkReason, now: number): Slot {
  return { index, failures: 0, forkAt: now, forkReason }
}

function scale(draft: Draft, by: number): void {
  if (!isRunning(draft) || by === 0) return
  const from = draft.slots.length
  const to = Math.min(MOST_WORKERS, Math.max(1, from + by))
  if (to === from) {
    report(draft, { type: 'scale-refused', workers: from, limit: by < 0 ? 1 : MOST_WORKERS })
    return
  }
  for (let index = from; index < to; index++) draft.slots.push(emptySlot(index, 'scaled-up', draft.now))
  draft.slots.length = to
  report(draft, { type: 'scaled', from, to })
}
