import { isCurrent, type Draft } from './draft.ts'
import type { State, Target } from './types.ts'

/**
 * Processes that have started Node and wait, with nothing of the app loaded: the replacement of a worker, and the first
 * one of a reload, need not wait for that. While the first one is judged, those of the others start.
 */

/** Processes that wait to become workers of a generation. */
export interface Reserve {
  readonly generation: number
  readonly count: number
}

/** A new spare leaves the processors to whoever has just begun to serve. */
const SETTLE_MS = 250

/** Asks for as many spares as there should be, whenever that changes. */
export function keepReserve(draft: Draft): void {
  const wanted = wantedReserve(draft)
  const { reserve } = draft
  if (wanted?.generation === reserve?.generation && wanted?.count === reserve?.count) return
  draft.reserve = wanted
  if (wanted === null) return
  const isAwaited = wanted.count > 0 && wanted.generation !== draft.generation
  const isOver = wanted.count === 0
  draft.effects.push({ type: 'reserve', ...wanted, delayMs: isAwaited || isOver ? 0 : SETTLE_MS })
}

/** Sends those away that wait where the generation which counts from now on is to have none. */
export function endReserve(draft: Draft, { generation, settings }: Target): void {
  if (draft.settings.spares === 0 || settings.spares > 0) return
  draft.effects.push({ type: 'reserve', generation, count: 0, delayMs: 0 })
}

/** Null where those that wait are to be left as they are. */
function wantedReserve({ phase, settings, generation, rollout, slots, workers }: State): Reserve | null {
  if (settings.spares === 0) return null
  if (phase.kind === 'stopping') return { generation, count: 0 }
  if (phase.kind !== 'serving') return null
  switch (rollout?.kind) {
    case 'canary':
    case 'filling': {
      const { target } = rollout
      const forked = workers.filter((worker) => worker.generation === target.generation && isCurrent(worker)).length
      const missing = Math.max(0, target.workers - forked)
      // Who swaps batch by batch lacks the memory for more.
      if (missing === 0 || target.settings.rolling || target.settings.spares === 0) return null
      const { maxSurge, spares } = target.settings
      return { generation: target.generation, count: Math.min(missing, Math.max(maxSurge, spares)) }
    }
    case 'rolling':
    case 'rolling-back':
    case 'switched':
    case 'replacing':
      return null
    case 'queued':
    case 'preparing':
    case undefined: {
      // Who boots has the processors to itself, and may have taken a spare.
      const isBooting = workers.some((worker) => worker.phase.kind === 'booting')
      return isBooting ? null : { generation, count: Math.min(settings.spares, slots.length) }
    }
  }
}
