import { isCurrent, type Draft } from './draft.ts'
import { afterFailure } from './restart-budget.ts'
import { readySince } from './shutdown.ts'
import type { ForkReason, Slot, State, WorkerState } from './types.ts'

type Facts = Pick<State, 'phase' | 'slots' | 'workers'>

export function emptySlot(index: number, forkReason: ForkReason, now: number): Slot {
  return { index, failures: 0, forkAt: now, forkReason, lastExit: null }
}

/** Whether empty slots are filled. */
export function isRunning({ phase }: Pick<Facts, 'phase'>): boolean {
  return phase.kind === 'starting' || phase.kind === 'serving' || phase.kind === 'delaying'
}

/** Whether empty slots are filled at this moment: in development not before there is code that may run. */
export function isFilling(state: Pick<State, 'phase' | 'rollout' | 'broken' | 'settings'>): boolean {
  if (!isRunning(state)) return false
  return !state.settings.isDevelopment || (state.broken === null && state.rollout?.kind !== 'preparing')
}

/** Whether nobody serves in the slot, or is on the way to. */
export function isEmpty({ workers }: Pick<Facts, 'workers'>, slot: Slot): boolean {
  return !workers.some((worker) => worker.index === slot.index && worker.role === 'serving' && isCurrent(worker))
}

/**
 * A worker has failed: its slot is filled again later the more often that happened. It counts when the failure is
 * known, not when the process has gone: its slot is empty from now on. A candidate has no slot yet.
 */
export function countFailure(draft: Draft, worker: WorkerState): void {
  const slot = draft.slots[worker.index]
  if (slot === undefined || worker.role === 'candidate') return
  const since = readySince(worker.phase)
  const next = afterFailure(slot, since === null ? 0 : draft.now - since, draft.now, draft.seed)
  draft.slots[worker.index] = next.slot
  draft.seed = next.seed
}

/** How long until the slot is filled again; null when it is not empty, or stays so. */
export function refillIn(draft: Draft, index: number): number | null {
  const slot = draft.slots[index]
  if (slot === undefined || !isFilling(draft) || !isEmpty(draft, slot)) return null
  return Math.max(0, slot.forkAt - draft.now)
}
