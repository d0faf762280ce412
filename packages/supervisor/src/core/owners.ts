import type { Draft } from './draft.ts'
import type { WorkerId, WorkerState } from './types.ts'

/** Who has the connections of which share of the addresses: a place, and the worker that fills it. */
export interface Owner {
  readonly index: number
  readonly worker: WorkerId
}

/** Tells all workers who takes connections in, whenever that changes, with `--sticky ip`. */
export function shareAddresses(draft: Draft): void {
  const owners = draft.settings.isSticky ? ownersAmong(draft.workers) : []
  if (areSame(owners, draft.owners)) return
  draft.owners = owners
  // Before any of them begins to accept, or to leave.
  draft.effects.unshift({ type: 'owners', owners })
}

/** Where two workers have the same place, it is the newer one's. */
function ownersAmong(workers: readonly WorkerState[]): Owner[] {
  const byIndex = new Map<number, Owner>()
  for (const { id, index, role, phase } of workers) {
    const takesIn = phase.kind === 'accepting' || phase.kind === 'ready'
    if (takesIn && role !== 'page' && id > (byIndex.get(index)?.worker ?? 0)) byIndex.set(index, { index, worker: id })
  }
  return [...byIndex.values()].toSorted((one, other) => one.index - other.index)
}

function areSame(some: readonly Owner[], others: readonly Owner[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ index, worker }, at) => others[at]?.index === index && others[at].worker === worker)
  )
}
