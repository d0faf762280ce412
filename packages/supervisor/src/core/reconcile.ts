import { nameOf, report, type Draft } from './draft.ts'
import { kill, leave } from './leave.ts'
import { countFailure, isEmpty, isRunning } from './slot.ts'
import { bootFailed } from './stop.ts'
import type { Slot, State, WorkerState } from './types.ts'

/** Compares what is with what is wanted and does what is missing. Doing it twice in a row changes nothing. */
export function reconcile(draft: Draft): void {
  endLateBoots(draft)
  retire(draft)
  killOverdue(draft)
  abandon(draft)
  fill(draft)
  announce(draft)
  finish(draft)
}

/** The next time at which `reconcile` would do something by itself; null when only an event can change anything. */
export function nextDeadline(state: State): number | null {
  const times = state.workers.flatMap((worker) => deadlineOf(worker) ?? [])
  if (isRunning(state)) {
    for (const slot of state.slots) if (isEmpty(state, slot)) times.push(slot.forkAt)
  }
  return times.length === 0 ? null : Math.min(...times)
}

function deadlineOf(worker: WorkerState): number | null {
  switch (worker.phase.kind) {
    case 'booting':
    case 'ready':
      return worker.phase.deadline
    case 'draining':
      return worker.phase.killAt
    case 'killed':
      return worker.phase.giveUpAt
    case 'accepting':
      return null
  }
}

/** A worker that is ready has only to accept. */
const NOT_ACCEPTING = { step: 'listening', detail: null } as const

/** Such a worker may be blocked: it gets no more than the kill timeout to follow the order. */
function endLateBoots(draft: Draft): void {
  for (const worker of draft.workers) {
    // The first failure of a start has said it for all; whoever leaves in a stop need not be ready any more.
    if (draft.phase.kind === 'stopping') return
    const { phase } = worker
    if ((phase.kind !== 'booting' && phase.kind !== 'ready') || phase.deadline > draft.now) continue
    const { step, detail } = phase.kind === 'booting' ? phase : NOT_ACCEPTING
    bootFailed(draft, worker, { kind: 'timed-out', afterMs: draft.now - worker.forkedAt, step, detail })
    countFailure(draft, worker)
    leave(draft, worker, 'boot-timed-out')
  }
}

/** Workers that nobody wants any more: all of them in a stop, else those whose slot has gone. */
function retire(draft: Draft): void {
  for (const worker of draft.workers) {
    if (draft.phase.kind === 'stopping') leave(draft, worker, 'stop')
    else if (worker.index >= draft.slots.length) leave(draft, worker, 'scaled-down')
  }
}

function killOverdue(draft: Draft): void {
  for (const worker of draft.workers) {
    if (worker.phase.kind === 'draining' && worker.phase.killAt <= draft.now) kill(draft, worker, worker.phase.reason)
  }
}

/** A process that even SIGKILL does not end (it hangs in the kernel) is not waited for for ever. */
function abandon(draft: Draft): void {
  const lost = draft.workers.filter((worker) => worker.phase.kind === 'killed' && worker.phase.giveUpAt <= draft.now)
  if (lost.length === 0) return
  draft.workers = draft.workers.filter((worker) => !lost.includes(worker))
  for (const worker of lost) report(draft, { type: 'worker-abandoned', ...nameOf(worker) })
}

function fill(draft: Draft): void {
  if (!isRunning(draft)) return
  for (const slot of draft.slots) if (isEmpty(draft, slot) && slot.forkAt <= draft.now) fork(draft, slot)
}

function fork(draft: Draft, slot: Slot): void {
  const id = draft.nextId++
  const worker: WorkerState = {
    id,
    index: slot.index,
    generation: draft.generation,
    forkedAt: draft.now,
    pid: null,
    phase: { kind: 'booting', step: 'loading', detail: null, deadline: draft.now + draft.settings.bootTimeoutMs },
    refused: null,
    lastError: null,
  }
  draft.workers.push(worker)
  draft.effects.push({ type: 'fork', worker: id, index: slot.index, generation: draft.generation })
  report(draft, { type: 'worker-forked', reason: slot.forkReason, ...nameOf(worker) })
}

/** Says once that the first generation is complete. */
function announce(draft: Draft): void {
  if (draft.complete || draft.phase.kind !== 'serving') return
  const accepting = draft.workers.filter((worker) => worker.phase.kind === 'accepting')
  if (accepting.length < draft.slots.length) return
  draft.complete = true
  report(draft, { type: 'serving', workers: accepting.length, afterMs: draft.now - draft.startedAt })
}

/** A stop ends when the last worker has. */
function finish(draft: Draft): void {
  if (draft.phase.kind !== 'stopping' || draft.workers.length > 0) return
  const { outcome } = draft.phase
  draft.phase = { kind: 'stopped', outcome }
  report(draft, { type: 'stopped', outcome })
  draft.effects.push({ type: 'finish', outcome })
}
