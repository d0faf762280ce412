import type { Draft } from './draft.ts'
import { endReserve } from './reserve.ts'
import { emptySlot } from './slot.ts'
import type { ForkReason, Target } from './types.ts'

/** The new generation is the one that counts from now on. What is empty of its slots is filled at `forkAt`. */
export function adopt(draft: Draft, target: Target, forkReason: ForkReason, forkAt: number = draft.now): void {
  endReserve(draft, target)
  draft.generation = target.generation
  draft.settings = target.settings
  draft.slots = Array.from({ length: target.workers }, (_, index) => ({
    ...emptySlot(index, forkReason, forkAt),
    lastExit: draft.slots[index]?.lastExit ?? null,
  }))
  draft.drift = { kind: 'unknown' }
  draft.mayReleaseListeners = true
}
