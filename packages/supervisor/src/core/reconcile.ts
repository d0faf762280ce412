import { brokenDeadlines, letReplace, showBroken } from './change.ts'
import { isReady, nameOf, report, type Draft } from './draft.ts'
import { kill, leave, thinOut } from './leave.ts'
import { listenForPulses, pulseDeadlines } from './liveness.ts'
import { shareAddresses } from './owners.ts'
import { recycle, recycleDeadlines } from './recycle.ts'
import { keepReserve } from './reserve.ts'
import { advanceRolling, rollingDeadlines, succeed } from './rolling.ts'
import { advanceRollout } from './rollout.ts'
import { endRollout } from './rollout-end.ts'
import { countFailure, isEmpty, isFilling, isRunning } from './slot.ts'
import { spawn } from './spawn.ts'
import { bootFailed, endDelay, giveUp } from './stop.ts'
import type { State, WorkerState } from './types.ts'

/** Compares what is with what is wanted and does what is missing. Doing it twice in a row changes nothing. */
export function reconcile(draft: Draft): void {
  endDelay(draft)
  endLateBoots(draft)
  listenForPulses(draft)
  noteService(draft)
  giveUp(draft)
  succeed(draft)
  retire(draft)
  killOverdue(draft)
  abandon(draft)
  fill(draft)
  if (draft.phase.kind !== 'stopping') {
    advanceRollout(draft)
    advanceRolling(draft)
    succeed(draft)
  }
  letReplace(draft)
  thinOut(draft)
  // Some who have just been asked to leave may have no time at all.
  killOverdue(draft)
  if (draft.phase.kind !== 'stopping') {
    endRollout(draft)
    recycle(draft)
    showBroken(draft)
  }
  announce(draft)
  noteService(draft)
  releaseListeners(draft)
  keepReserve(draft)
  shareAddresses(draft)
  finish(draft)
}

/** The next time at which `reconcile` would do something by itself; null when only an event can change anything. */
export function nextDeadline(state: State): number | null {
  const times = state.workers.flatMap((worker) => deadlineOf(worker) ?? [])
  times.push(
    ...pulseDeadlines(state),
    ...recycleDeadlines(state),
    ...rolloutDeadlines(state),
    ...brokenDeadlines(state),
  )
  if (isFilling(state)) {
    for (const slot of state.slots) if (isEmpty(state, slot)) times.push(slot.forkAt)
  }
  if (state.phase.kind === 'delaying') times.push(state.phase.until)
  const { unservedSince, settings } = state
  if (state.phase.kind === 'serving' && unservedSince !== null && settings.giveUpMs > 0) {
    times.push(unservedSince + settings.giveUpMs)
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
    case 'standby':
    case 'accepting':
      return null
  }
}

function rolloutDeadlines(state: State): number[] {
  const { rollout } = state
  if (rollout?.kind !== 'canary') return rollingDeadlines(state)
  return rollout.readyAt === null ? [] : [rollout.readyAt + rollout.target.settings.canaryMs]
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
    else if (worker.role !== 'candidate' && worker.index >= placesFor(draft, worker))
      leave(draft, worker, 'scaled-down')
  }
}

/** A generation that is being rolled in may have more workers than the one before. */
function placesFor({ slots, rollout }: Draft, { generation }: WorkerState): number {
  const isNew = rollout?.kind === 'rolling' && rollout.target.generation === generation
  return isNew ? rollout.target.workers : slots.length
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
  if (!isFilling(draft)) return
  const { generation, settings } = draft
  for (const slot of draft.slots) {
    if (!isEmpty(draft, slot) || slot.forkAt > draft.now) continue
    spawn(draft, { index: slot.index, generation, settings, role: 'serving', reason: slot.forkReason })
  }
}

/** Says once that the first generation is complete. */
function announce(draft: Draft): void {
  if (draft.complete || draft.phase.kind !== 'serving') return
  const accepting = draft.workers.filter((worker) => worker.phase.kind === 'accepting')
  if (accepting.length < draft.slots.length) return
  draft.complete = true
  report(draft, { type: 'serving', workers: accepting.length, afterMs: draft.now - draft.startedAt })
}

/** Remembers since when nobody is ready. */
function noteService(draft: Draft): void {
  const isServed = draft.phase.kind !== 'serving' || draft.workers.some((worker) => isReady(worker))
  draft.unservedSince = isServed ? null : (draft.unservedSince ?? draft.now)
}

/** Addresses that only another generation has wanted are given up when it has gone. */
function releaseListeners(draft: Draft): void {
  if (!isRunning(draft) || !draft.mayReleaseListeners || draft.rollout !== null || draft.broken !== null) return
  if (draft.workers.some(({ generation }) => generation !== draft.generation)) return
  draft.mayReleaseListeners = false
  draft.effects.push({ type: 'release-listeners', generation: draft.generation })
}

/** A stop ends when the last worker has. */
function finish(draft: Draft): void {
  if (draft.phase.kind !== 'stopping' || draft.workers.length > 0) return
  const { outcome } = draft.phase
  draft.phase = { kind: 'stopped', outcome }
  report(draft, { type: 'stopped', outcome })
  draft.effects.push({ type: 'finish', outcome })
}
