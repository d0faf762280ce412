import { breakDown } from './change.ts'
import { change, isCurrent, isReady, nameOf, report, type Draft } from './draft.ts'
import type { WorkerEvent } from './event.ts'
import type { BootFailure, ErrorSummary } from './failure.ts'
import { leave } from './leave.ts'
import { beat, inspected } from './liveness.ts'
import { measure } from './recycle.ts'
import { candidateFailed } from './rollout.ts'
import { countFailure, refillIn } from './slot.ts'
import { bootFailed } from './stop.ts'
import type { WorkerState } from './types.ts'

/** Takes in what a worker, or the process behind it, has reported. News of a worker that has gone is ignored. */
export function applyToWorker(draft: Draft, event: WorkerEvent): void {
  const worker = draft.workers.find((other) => other.id === event.worker)
  if (worker === undefined) return
  switch (event.type) {
    case 'forked':
      change(draft, worker, { pid: event.pid })
      return
    case 'fork-failed':
      return gone(draft, worker, causeOfForkFailure(event.error, event.hook), null, null)
    case 'progress':
      if (worker.phase.kind !== 'booting') return
      change(draft, worker, { phase: { ...worker.phase, step: event.step, detail: event.detail } })
      return
    case 'ready':
      return ready(draft, worker)
    case 'accepting':
      return accepting(draft, worker)
    case 'heartbeat':
      return measure(draft, beat(draft, worker), event)
    case 'inspected':
      return inspected(draft, worker, event.verdict)
    case 'intake-closed':
      if (worker.phase.kind === 'draining') change(draft, worker, { phase: { ...worker.phase, intake: 'closed' } })
      return
    case 'failed':
      return failed(draft, worker, event.failure)
    case 'threw':
      change(draft, worker, { lastError: event.error })
      return
    case 'refused':
      change(draft, worker, { refused: event.error })
      return
    case 'signalled':
      return signalled(draft, worker, event.signal)
    case 'exited':
      return gone(draft, worker, causeOfExit(worker, event.code, event.signal), event.code, event.signal)
  }
}

function ready(draft: Draft, worker: WorkerState): void {
  if (worker.phase.kind !== 'booting') return
  const waits = worker.role === 'candidate'
  const changed = change(draft, worker, {
    phase: waits
      ? { kind: 'standby', readySince: draft.now }
      : { kind: 'ready', readySince: draft.now, deadline: draft.now + worker.settings.bootTimeoutMs },
    pulse: { kind: 'beating', at: draft.now },
    refused: null,
  })
  report(draft, { type: 'worker-ready', afterMs: draft.now - worker.forkedAt, ...nameOf(changed) })
  // A balancer that has seen a stop coming must not come back for a worker that was replaced meanwhile.
  if (draft.phase.kind === 'delaying') draft.effects.push({ type: 'unready', worker: worker.id })
  if (!waits && !worker.mayAccept) draft.effects.push({ type: 'accept', worker: worker.id })
}

function accepting(draft: Draft, worker: WorkerState): void {
  if (worker.phase.kind !== 'ready') return
  change(draft, worker, { phase: { kind: 'accepting', readySince: worker.phase.readySince } })
  if (draft.phase.kind === 'starting' && worker.role !== 'page') draft.phase = { kind: 'serving' }
}

/** The worker says why it can't become ready, and then exits by itself; the kill deadline makes sure that it does. */
function failed(draft: Draft, worker: WorkerState, failure: BootFailure): void {
  // One that accepts is no boot any more: what it says is told by its exit.
  if (!isCurrent(worker) || worker.phase.kind === 'accepting') return
  bootFailed(draft, worker, worker.refused === null ? failure : refusedCause(failure, worker.refused))
  countFailure(draft, worker)
  leave(draft, worker, 'boot-failed')
}

/** Somebody sent SIGTERM to this very worker: it leaves without losing a request, and another takes its place. */
function signalled(draft: Draft, worker: WorkerState, signal: string): void {
  // A stop that is delayed was asked for by the same signal, if that went to the whole process group.
  if (signal !== 'SIGTERM' || !isCurrent(worker) || draft.phase.kind === 'delaying') return
  const slot = draft.slots[worker.index]
  if (slot !== undefined) draft.slots[worker.index] = { ...slot, forkAt: draft.now, forkReason: 'replaced' }
  leave(draft, worker, 'signalled')
}

/** Signals that an operator or a terminal sends: a worker that one of them ended early has not failed to boot. */
const OPERATOR_SIGNALS: readonly string[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']

/** An app that ran out, or failed, for want of an address: the refusal names the address, which Node's errors may not. */
function refusedCause(failure: BootFailure, refused: ErrorSummary): BootFailure {
  const isConsequence = failure.kind === 'ended' || failure.kind === 'not-listening'
  return isConsequence ? { kind: 'not-listening', error: refused } : failure
}

function causeOfForkFailure(error: ErrorSummary, hook: string | undefined): BootFailure {
  return hook === undefined ? { kind: 'fork-failed', error } : { kind: 'preload', what: `the hook ${hook}`, error }
}

function causeOfExit(worker: WorkerState, code: number | null, signal: string | null): BootFailure {
  if (worker.refused !== null) return { kind: 'not-listening', error: worker.refused }
  return { kind: 'exited', code, signal }
}

function gone(
  draft: Draft,
  worker: WorkerState,
  failure: BootFailure,
  code: number | null,
  signal: string | null,
): void {
  draft.workers = draft.workers.filter((other) => other.id !== worker.id)
  const { phase } = worker
  // Whoever has no slot yet has no backoff either: without blame it would be forked again, and end, and so on.
  if (worker.role === 'page') draft.lastFailure = failure
  else if (worker.role !== 'serving' || !OPERATOR_SIGNALS.includes(signal ?? '')) blame(draft, worker, failure)
  // Who was asked to leave has not failed by leaving.
  if (isCurrent(worker)) countFailure(draft, worker)
  const reason = phase.kind === 'draining' || phase.kind === 'killed' ? phase.reason : null
  const slot = draft.slots[worker.index]
  if (slot !== undefined && worker.role === 'serving') {
    draft.slots[worker.index] = { ...slot, lastExit: { code, signal, reason, at: draft.now } }
  }
  report(draft, {
    type: 'worker-exited',
    code,
    signal,
    reason,
    error: worker.lastError,
    uptimeMs: draft.now - worker.forkedAt,
    restartInMs: refillIn(draft, worker.index),
    ...nameOf(worker),
  })
}

/** What the exit of a worker that nobody has asked to leave means for a start, or for a reload. */
function blame(draft: Draft, worker: WorkerState, failure: BootFailure): void {
  switch (worker.phase.kind) {
    case 'booting':
    case 'ready':
      return bootFailed(draft, worker, draft.settings.isDevelopment ? lastWords(worker, failure) : failure)
    case 'standby':
    case 'accepting': {
      draft.lastFailure = lastWords(worker, failure)
      const cause = { kind: 'worker', failure: draft.lastFailure, worker: worker.id } as const
      candidateFailed(draft, worker, cause)
      if (draft.settings.isDevelopment && !isServed(draft)) breakDown(draft, draft.lastFailure, worker)
      warnOfDrift(draft)
      return
    }
    case 'draining':
    case 'killed':
  }
}

/** An uncaught error that the worker has told of says more than its exit code. */
function lastWords({ lastError }: WorkerState, failure: BootFailure): BootFailure {
  return lastError === null ? failure : { kind: 'threw', error: lastError }
}

/** Whether another worker goes on with what this one has run. */
function isServed(draft: Draft): boolean {
  return draft.workers.some(
    (worker) => worker.role === 'serving' && worker.generation === draft.generation && isReady(worker),
  )
}

/** The replacement is made of what is on the disk now, which is not what the others run. */
function warnOfDrift({ drift, generation, effects }: Draft): void {
  if (drift.kind !== 'checked' || drift.changed.length === 0) return
  effects.push({ type: 'report', report: { type: 'drift', generation, files: drift.changed } })
}
