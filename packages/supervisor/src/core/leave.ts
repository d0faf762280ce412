import { change, isCurrent, nameOf, report, type Draft } from './draft.ts'
import { draining, graceOf, killed } from './shutdown.ts'
import type { LeaveReason, WorkerState } from './types.ts'

/** Asks a worker to finish what it has and exit. A worker that is leaving already is left alone. */
export function leave(draft: Draft, worker: WorkerState, reason: LeaveReason): void {
  if (!isCurrent(worker)) return
  const mode = draft.phase.kind === 'stopping' ? draft.phase.mode : 'graceful'
  const changed = change(draft, worker, { phase: draining(worker.phase, reason, draft.settings, draft.now) })
  draft.effects.push({ type: 'drain', worker: worker.id, mode, graceMs: graceOf(worker.phase, draft.settings) })
  report(draft, { type: 'worker-draining', reason, ...nameOf(changed) })
}

/** Ends a worker that had its chance to leave. */
export function kill(draft: Draft, worker: WorkerState, reason: LeaveReason): void {
  const changed = change(draft, worker, { phase: killed(worker.phase, reason, draft.now) })
  draft.effects.push({ type: 'kill', worker: worker.id })
  report(draft, { type: 'worker-killed', reason, ...nameOf(changed) })
}
