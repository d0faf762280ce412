import { change, isCurrent, nameOf, report, type Draft } from './draft.ts'
import { leave } from './leave.ts'
import { countFailure, refillIn } from './slot.ts'
import { bootFailed } from './stop.ts'
import type { BootFailure, ErrorSummary, Event, WorkerId, WorkerState } from './types.ts'

/** Events that concern one worker. */
export type WorkerEvent = Extract<Event, { readonly worker: WorkerId }>

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
  const changed = change(draft, worker, {
    phase: { kind: 'ready', readySince: draft.now, deadline: draft.now + draft.settings.bootTimeoutMs },
    refused: null,
  })
  report(draft, { type: 'worker-ready', afterMs: draft.now - worker.forkedAt, ...nameOf(changed) })
  draft.effects.push({ type: 'accept', worker: worker.id })
}

function accepting(draft: Draft, worker: WorkerState): void {
  if (worker.phase.kind !== 'ready') return
  change(draft, worker, { phase: { kind: 'accepting', readySince: worker.phase.readySince } })
  if (draft.phase.kind === 'starting') draft.phase = { kind: 'serving' }
}

/** The worker says why it can't become ready, and then exits by itself; the kill deadline makes sure that it does. */
function failed(draft: Draft, worker: WorkerState, failure: BootFailure): void {
  if (worker.phase.kind !== 'booting' && worker.phase.kind !== 'ready') return
  bootFailed(draft, worker, worker.refused === null ? failure : refusedCause(failure, worker.refused))
  countFailure(draft, worker)
  leave(draft, worker, 'boot-failed')
}

/** Somebody sent SIGTERM to this very worker: it leaves without losing a request, and another takes its place. */
function signalled(draft: Draft, worker: WorkerState, signal: string): void {
  if (signal !== 'SIGTERM' || !isCurrent(worker)) return
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
  const wasBooting = worker.phase.kind === 'booting' || worker.phase.kind === 'ready'
  if (wasBooting && !OPERATOR_SIGNALS.includes(signal ?? '')) bootFailed(draft, worker, failure)
  // Who was asked to leave has not failed by leaving.
  if (isCurrent(worker)) countFailure(draft, worker)
  report(draft, {
    type: 'worker-exited',
    code,
    signal,
    reason: worker.phase.kind === 'draining' || worker.phase.kind === 'killed' ? worker.phase.reason : null,
    error: worker.lastError,
    uptimeMs: draft.now - worker.forkedAt,
    restartInMs: refillIn(draft, worker.index),
    ...nameOf(worker),
  })
}
