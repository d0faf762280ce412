import { breakDown } from './change.ts'
import { change, isReady, nameOf, report, type Draft } from './draft.ts'
import type { BootFailure, ErrorSummary } from './failure.ts'
import { leave } from './leave.ts'
import { candidateFailed, dismissCandidates } from './rollout.ts'
import { cancelRollout } from './rollout-end.ts'
import { SAME_PRESS_MS } from './shutdown.ts'
import type { Outcome, StopMode, WorkerState } from './types.ts'

/** A stop was asked for; asking once more means: now. */
export function stop(draft: Draft, mode: StopMode, origin: string): void {
  if (draft.phase.kind === 'stopping' || draft.phase.kind === 'delaying') return force(draft, origin)
  const { shutdownDelayMs } = draft.settings
  if (mode === 'graceful' && shutdownDelayMs > 0 && draft.phase.kind === 'serving') {
    return delay(draft, origin, shutdownDelayMs)
  }
  begin(draft, mode, origin)
}

/** Balancers take their time to notice that a process is not ready any more: until then it serves on. */
function delay(draft: Draft, origin: string, forMs: number): void {
  report(draft, { type: 'shutdown-delayed', origin, forMs })
  draft.phase = { kind: 'delaying', origin, since: draft.now, until: draft.now + forMs }
  if (draft.rollout !== null) {
    cancelRollout(draft)
    dismissCandidates(draft)
  }
  for (const worker of draft.workers) {
    if (isReady(worker)) draft.effects.push({ type: 'unready', worker: worker.id })
  }
}

/** Begins the stop that was delayed. */
export function endDelay(draft: Draft): void {
  if (draft.phase.kind === 'delaying' && draft.phase.until <= draft.now) begin(draft, 'graceful', draft.phase.origin)
}

function begin(draft: Draft, mode: StopMode, origin: string): void {
  report(draft, { type: 'stopping', mode, origin, workers: draft.workers.length })
  stopWith(draft, mode, { kind: 'stopped' })
  if (mode === 'quick') hurry(draft)
}

/** Workers that were already leaving when a quick stop begins hold on to idle connections no longer than the others. */
function hurry(draft: Draft): void {
  for (const { id, phase } of draft.workers) {
    if (phase.kind !== 'draining') continue
    // By the times that it was told to leave with: those of another generation may be others.
    const graceMs = Math.max(0, phase.graceEndsAt - draft.now)
    draft.effects.push({ type: 'drain', worker: id, mode: 'quick', graceMs })
  }
}

/**
 * Before anybody serves, one failed boot is the end: the others run the same code, and an exit code tells whoever
 * started the supervisor. As soon as one worker serves, a failure concerns that worker alone, or the reload that it
 * belongs to.
 */
export function bootFailed(draft: Draft, worker: WorkerState, failure: BootFailure): void {
  report(draft, { type: 'worker-boot-failed', failure, ...nameOf(worker) })
  draft.lastFailure = failure
  candidateFailed(draft, worker, { kind: 'worker', failure, worker: worker.id })
  if (draft.settings.isDevelopment) breakDown(draft, failure, worker)
  else if (draft.phase.kind === 'starting') stopWith(draft, 'quick', { kind: 'failed', failure, worker: worker.id })
}

/** Before anybody serves, a hook that fails ends the boot; later it is only told. */
export function hookFailed(draft: Draft, hook: string, error: ErrorSummary): void {
  report(draft, { type: 'hook-failed', hook, error })
  if (draft.phase.kind !== 'idle' && draft.phase.kind !== 'starting') return
  const failure: BootFailure = { kind: 'preload', what: `the hook ${hook}`, error }
  stopWith(draft, 'quick', { kind: 'failed', failure, worker: null })
}

/** A supervisor that has had no worker for long enough is better replaced by whoever watches over it. */
export function giveUp(draft: Draft): void {
  const { unservedSince, settings, lastFailure } = draft
  if (draft.phase.kind !== 'serving' || unservedSince === null || settings.giveUpMs === 0) return
  const afterMs = draft.now - unservedSince
  if (afterMs < settings.giveUpMs) return
  report(draft, { type: 'gave-up', afterMs })
  const failure: BootFailure = { kind: 'gave-up', afterMs, last: lastFailure }
  stopWith(draft, 'quick', { kind: 'failed', failure, worker: null })
}

/** Closing the listeners comes first, so that new connections are refused at once and a balancer tries elsewhere. */
function stopWith(draft: Draft, mode: StopMode, outcome: Outcome): void {
  draft.phase = { kind: 'stopping', mode, since: draft.now, outcome }
  draft.effects.push({ type: 'close-listeners' })
  cancelRollout(draft)
}

function force(draft: Draft, origin: string): void {
  const { phase } = draft
  if ((phase.kind !== 'stopping' && phase.kind !== 'delaying') || draft.now - phase.since < SAME_PRESS_MS) return
  report(draft, { type: 'stop-forced', origin, workers: draft.workers.length })
  if (phase.kind === 'delaying') {
    stopWith(draft, 'quick', { kind: 'forced' })
    for (const worker of draft.workers) leave(draft, worker, 'stop')
  } else if (phase.outcome.kind !== 'failed') draft.phase = { ...phase, outcome: { kind: 'forced' } }
  for (const worker of draft.workers) {
    if (worker.phase.kind === 'draining') change(draft, worker, { phase: { ...worker.phase, killAt: draft.now } })
  }
}
