import { isCurrent, type Draft } from './draft.ts'
import { leave } from './leave.ts'
import { concludeFailed, settleOn } from './rollout.ts'
import { spawn } from './spawn.ts'
import type { LeaveReason, Rollout, Settings, State, WorkerState } from './types.ts'

/**
 * A reload for those who lack the memory for two whole generations: slot after slot a new worker takes over from the
 * old one, and the next slots follow when the old ones have gone. Both versions serve meanwhile. If one of the new
 * workers fails, the old generation takes its slots back in the same way.
 */

/** Does what comes next in a reload that swaps slot after slot. */
export function advanceRolling(draft: Draft): void {
  const { rollout } = draft
  if (rollout?.kind === 'rolling') {
    const { target } = rollout
    if (swap(draft, target)) return
    settleOn(draft, target)
  }
  if (rollout?.kind === 'rolling-back') rollBack(draft, rollout)
}

function rollBack(draft: Draft, rollout: Extract<Rollout, { readonly kind: 'rolling-back' }>): void {
  const { target, failure } = rollout
  const isUnfinished = (worker: WorkerState): boolean =>
    worker.generation === target.generation && worker.role !== 'serving'
  for (const worker of draft.workers) {
    if (isUnfinished(worker) || worker.index >= draft.slots.length) leave(draft, worker, 'reload-failed')
  }
  if (swap(draft, { generation: draft.generation, settings: draft.settings, workers: draft.slots.length })) return
  concludeFailed(draft, target.generation, failure)
}

/** A generation that takes all slots, one after the other. */
interface Side {
  readonly generation: number
  readonly settings: Settings
  readonly workers: number
}

/** Forks successors of a generation where another one serves. Returns whether there is anything left to do. */
function swap(draft: Draft, side: Side): boolean {
  const { generation, settings, workers } = side
  const indexes = unswapped(draft, side).filter((index) => forkAt(draft, index) <= draft.now)
  for (const index of indexes.slice(0, Math.max(0, surgeLeft(draft, side)))) {
    spawn(draft, { index, generation, settings, role: 'successor', reason: 'reload' })
  }
  const accepting = draft.workers.filter(
    (worker) => worker.generation === generation && worker.role === 'serving' && worker.phase.kind === 'accepting',
  )
  const isPending = draft.workers.some((worker) => worker.role === 'successor' && isCurrent(worker))
  return isPending || accepting.filter(({ index }) => index < workers).length < workers
}

/** The slots that have no worker of this generation yet. */
function unswapped({ workers }: Pick<State, 'workers'>, side: Side): number[] {
  const swapped = workers.filter((worker) => worker.generation === side.generation && isCurrent(worker))
  return Array.from({ length: side.workers }, (_, index) => index).filter(
    (index) => !swapped.some((worker) => worker.index === index),
  )
}

/** How many more workers there may be now: some boot, and some that were swapped have not gone yet. */
function surgeLeft({ workers }: Pick<State, 'workers'>, { generation, settings }: Side): number {
  const extra = workers.filter((worker) =>
    worker.generation === generation
      ? isCurrent(worker) && (worker.role === 'successor' || worker.phase.kind !== 'accepting')
      : !isCurrent(worker) || worker.role === 'successor',
  )
  return settings.maxSurge - extra.length
}

/** A slot whose workers fail waits, also for a worker of another generation. */
function forkAt({ slots }: Pick<State, 'slots'>, index: number): number {
  return slots[index]?.forkAt ?? 0
}

/** The times at which a reload that swaps slot after slot would go on by itself. */
export function rollingDeadlines(state: State): number[] {
  const side = sideOf(state)
  if (side === null || surgeLeft(state, side) <= 0) return []
  return unswapped(state, side).map((index) => forkAt(state, index))
}

function sideOf({
  rollout,
  generation,
  settings,
  slots,
}: Pick<State, 'rollout' | 'generation' | 'settings' | 'slots'>): Side | null {
  switch (rollout?.kind) {
    case 'rolling':
      return rollout.target
    case 'rolling-back':
      return { generation, settings, workers: slots.length }
    default:
      return null
  }
}

/** Whoever was to succeed another one and accepts now has the slot; who had it before leaves. */
export function succeed(draft: Draft): void {
  for (const worker of draft.workers) {
    if (worker.role !== 'successor' || !isCurrent(worker)) continue
    const predecessors = draft.workers.filter(
      (other) => other.index === worker.index && other.role === 'serving' && isCurrent(other),
    )
    // If there is none any more, the slot is this worker's as it is.
    if (worker.phase.kind !== 'accepting' && predecessors.length > 0) continue
    draft.workers[draft.workers.indexOf(worker)] = { ...worker, role: 'serving' }
    for (const predecessor of predecessors) leave(draft, predecessor, reasonFor(draft, predecessor, worker))
  }
}

function reasonFor(draft: Draft, predecessor: WorkerState, successor: WorkerState): LeaveReason {
  if (predecessor.generation === successor.generation) return 'recycled'
  return draft.rollout?.kind === 'rolling' ? 'reloaded' : 'reload-failed'
}
