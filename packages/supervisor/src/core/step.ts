import { MOST_WORKERS } from './limits.ts'
import { draftOf, report, stateOf, type Draft } from './draft.ts'
import type { Effect } from './effect.ts'
import type { Event } from './event.ts'
import { forgive } from './liveness.ts'
import { nextDeadline, reconcile } from './reconcile.ts'
import { filesChecked } from './recycle.ts'
import { notPrepared, prepared, reload } from './rollout.ts'
import { emptySlot, isRunning } from './slot.ts'
import { hookFailed, stop } from './stop.ts'
import { applyToWorker } from './worker-event.ts'
import type { Rollout, Settings, State } from './types.ts'

export { MOST_WORKERS } from './limits.ts'
export { nextDeadline } from './reconcile.ts'

/** The state before the `start` event. `seed` decides the jitter of delays and nothing else. */
export function initialState(settings: Settings, seed: number): State {
  return {
    settings,
    phase: { kind: 'idle' },
    startedAt: 0,
    generation: 1,
    nextGeneration: 2,
    rollout: null,
    reserve: null,
    owners: [],
    drift: { kind: 'unknown' },
    broken: null,
    attempts: { count: 0, at: Number.NEGATIVE_INFINITY },
    slots: [],
    workers: [],
    nextId: 1,
    complete: false,
    unservedSince: null,
    lastFailure: null,
    mayReleaseListeners: false,
    forks: { boot: 0, 'scaled-up': 0, crashed: 0, replaced: 0, reload: 0, recycle: 0, broken: 0 },
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
  const due = nextDeadline(state)
  if (due !== null) forgive(draft, due)
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
    case 'reload':
      return reload(draft, event.origin)
    case 'changed':
      return reload(draft, event.origin, event.files)
    case 'prepared':
      return prepared(draft, event.generation, event.settings)
    case 'not-prepared':
      return notPrepared(draft, event.generation, { kind: 'not-prepared', error: event.error })
    case 'files-checked':
      return filesChecked(draft, event.generation, event.changed)
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

function scale(draft: Draft, by: number): void {
  if (!isRunning(draft) || by === 0) return
  const from = draft.slots.length
  const to = scaled(from, by)
  if (to === from) {
    report(draft, { type: 'scale-refused', workers: from, limit: by < 0 ? 1 : MOST_WORKERS })
    return
  }
  for (let index = from; index < to; index++) draft.slots.push(emptySlot(index, 'scaled-up', draft.now))
  draft.slots.length = to
  if (draft.rollout !== null) draft.rollout = scaledRollout(draft.rollout, by)
  report(draft, { type: 'scaled', from, to })
}

/** A generation that is being rolled in takes over the wish, too. */
function scaledRollout(rollout: Rollout, by: number): Rollout {
  if (!('target' in rollout)) return rollout
  return { ...rollout, target: { ...rollout.target, workers: scaled(rollout.target.workers, by) } }
}

function scaled(workers: number, by: number): number {
  return Math.min(MOST_WORKERS, Math.max(1, workers + by))
}
