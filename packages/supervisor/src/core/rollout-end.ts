import { isReplaced } from './change.ts'
import { report, type Draft } from './draft.ts'
import type { Rollout, Target } from './types.ts'

/** How a reload ends, apart from failing. */

/** A reload has ended when the new generation alone accepts. */
export function endRollout(draft: Draft): void {
  const { rollout } = draft
  const isOver =
    (rollout?.kind === 'switched' && isAlone(draft, rollout.target)) ||
    (rollout?.kind === 'replacing' && isReplaced(draft, rollout.target))
  if (!isOver) return
  announceReloaded(draft, rollout.target)
  draft.rollout = null
}

/** The supervisor stops: whoever waits for the reload is told. */
export function cancelRollout(draft: Draft): void {
  const { rollout } = draft
  if (rollout === null) return
  const generation = generationOf(rollout) ?? draft.nextGeneration
  if (rollout.kind === 'switched') announceReloaded(draft, rollout.target)
  else report(draft, { type: 'reload-failed', generation, failure: { kind: 'stopped' } })
  draft.rollout = null
}

/** The number of the generation that a reload is about; null before it has one. */
export function generationOf(rollout: Rollout): number | null {
  switch (rollout.kind) {
    case 'queued':
      return null
    case 'preparing':
      return rollout.generation
    default:
      return rollout.target.generation
  }
}

/** Whether nobody but the new generation takes connections, and all of it does. */
function isAlone(draft: Draft, { generation }: Target): boolean {
  return draft.workers.every((worker) => {
    if (worker.generation === generation) return worker.phase.kind !== 'ready'
    return worker.phase.kind === 'killed' || (worker.phase.kind === 'draining' && worker.phase.intake === 'closed')
  })
}

export function announceReloaded(draft: Draft, { generation, since }: Target): void {
  report(draft, { type: 'reloaded', generation, workers: draft.slots.length, afterMs: draft.now - since })
}
