import { change, nameOf, report, type Draft } from './draft.ts'
import { SAME_PRESS_MS } from './shutdown.ts'
import type { BootFailure, ErrorSummary, Outcome, StopMode, WorkerState } from './types.ts'

/** A stop was asked for; asking once more means: now. */
export function stop(draft: Draft, mode: StopMode, origin: string): void {
  if (draft.phase.kind === 'stopping') return force(draft, origin)
  report(draft, { type: 'stopping', mode, origin, workers: draft.workers.length })
  begin(draft, mode, { kind: 'stopped' })
  if (mode === 'quick') hurry(draft)
}

/** Workers that were already leaving when a quick stop begins hold on to idle connections no longer than the others. */
function hurry(draft: Draft): void {
  for (const { id, phase } of draft.workers) {
    if (phase.kind !== 'draining') continue
    const graceMs = Math.max(0, phase.killAt - draft.settings.killTimeoutMs - draft.now)
    draft.effects.push({ type: 'drain', worker: id, mode: 'quick', graceMs })
  }
}

/**
 * Before anybody serves, one failed boot is the end: the others run the same code, and an exit code tells whoever
 * started the supervisor. As soon as one worker serves, a failure concerns that worker alone.
 */
export function bootFailed(draft: Draft, worker: WorkerState, failure: BootFailure): void {
  report(draft, { type: 'worker-boot-failed', failure, ...nameOf(worker) })
  if (draft.phase.kind === 'starting') begin(draft, 'quick', { kind: 'failed', failure, worker: worker.id })
}

/** Before anybody serves, a hook that fails ends the boot; later it is only told. */
export function hookFailed(draft: Draft, hook: string, error: ErrorSummary): void {
  report(draft, { type: 'hook-failed', hook, error })
  if (draft.phase.kind !== 'idle' && draft.phase.kind !== 'starting') return
  const failure: BootFailure = { kind: 'preload', what: `the hook ${hook}`, error }
  begin(draft, 'quick', { kind: 'failed', failure, worker: null })
}

/** Closing the listeners comes first, so that new connections are refused at once and a balancer tries elsewhere. */
function begin(draft: Draft, mode: StopMode, outcome: Outcome): void {
  draft.phase = { kind: 'stopping', mode, since: draft.now, outcome }
  draft.effects.push({ type: 'close-listeners' })
}

function force(draft: Draft, origin: string): void {
  if (draft.phase.kind !== 'stopping' || draft.now - draft.phase.since < SAME_PRESS_MS) return
  report(draft, { type: 'stop-forced', origin, workers: draft.workers.length })
  if (draft.phase.outcome.kind !== 'failed') draft.phase = { ...draft.phase, outcome: { kind: 'forced' } }
  for (const worker of draft.workers) {
    if (worker.phase.kind === 'draining') change(draft, worker, { phase: { ...worker.phase, killAt: draft.now } })
  }
}
