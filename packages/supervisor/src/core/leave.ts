import { change, isCurrent, nameOf, report, type Draft } from './draft.ts'
import { draining, graceOf, killed } from './shutdown.ts'
import type { LeaveReason, WorkerState } from './types.ts'

/** Asks a worker to finish what it has and exit. A worker that is leaving already is left alone. */
export function leave(draft: Draft, { id }: WorkerState, reason: LeaveReason): void {
  // What the caller holds may be older than what has been done to the worker since: a reload that ends takes it along.
  const worker = draft.workers.find((other) => other.id === id)
  if (worker === undefined || !isCurrent(worker)) return
  const calm = reason === 'changed' ? 'stale' : 'graceful'
  const mode = draft.phase.kind === 'stopping' ? draft.phase.mode : calm
  const changed = change(draft, worker, { phase: draining(worker.phase, reason, draft.settings, draft.now) })
  draft.effects.push({ type: 'drain', worker: worker.id, mode, graceMs: graceOf(worker.phase, draft.settings) })
  report(draft, { type: 'worker-draining', reason, ...nameOf(changed) })
}

/** Ends a worker that had its chance to leave, or can't take it. */
export function kill(draft: Draft, worker: WorkerState, reason: LeaveReason): void {
  const changed = change(draft, worker, { phase: killed(worker.phase, reason, draft.now) })
  draft.effects.push({ type: 'kill', worker: worker.id })
  report(draft, { type: 'worker-killed', reason, ...nameOf(changed) })
}

/** So many workers may drain for each that serves. */
const MOST_DRAINING = 8

/** Frequent reloads must not pile up workers that drain: above a limit the oldest one loses its patience. */
export function thinOut(draft: Draft): void {
  if (draft.phase.kind === 'stopping') return
  const leaving = draft.workers.flatMap((worker) =>
    worker.phase.kind === 'draining' && worker.phase.readySince !== null ? [{ worker, phase: worker.phase }] : [],
  )
  const surplus = leaving.length - MOST_DRAINING * Math.max(1, draft.slots.length)
  for (const { worker, phase } of leaving.slice(0, Math.max(0, surplus))) {
    const killAt = draft.now + draft.settings.killTimeoutMs
    if (phase.killAt <= killAt) continue
    const changed = change(draft, worker, { phase: { ...phase, graceEndsAt: draft.now, killAt } })
    draft.effects.push({ type: 'drain', worker: worker.id, mode: 'quick', graceMs: 0 })
    report(draft, { type: 'worker-crowded-out', draining: leaving.length, ...nameOf(changed) })
  }
}
