import { change, isCurrent, nameOf, report, type Draft } from './draft.ts'
import type { WorkerEvent } from './event.ts'
import { spawn } from './spawn.ts'
import type { Due, RecycleReason, State, Usage, WorkerState } from './types.ts'

/**
 * Workers that have done enough, or grown too much, are replaced before they do harm: the new one first, and one at a
 * time, so that capacity stays.
 */

/** One sample may be chance: memory and delay have to be above their limits for so many in a row. */
const SAMPLES = 3
/** What is known of the files on the disk counts for so long. */
const FILES_FRESH_MS = 5000
/** Recycling pauses while the files have changed; how often that is looked at. */
const FILES_AGAIN_MS = 60_000

/** Takes in what a worker tells of itself. */
export function measure(
  draft: Draft,
  worker: WorkerState,
  { requests, rss, loopDelayMs }: Omit<Extract<WorkerEvent, { readonly type: 'heartbeat' }>, 'type' | 'worker'>,
): void {
  const { maxMemory, maxLoopDelayMs } = worker.settings
  const usage: Usage = {
    requests,
    rss,
    samplesOverMemory: maxMemory > 0 && rss > maxMemory ? worker.usage.samplesOverMemory + 1 : 0,
    samplesOverDelay: maxLoopDelayMs > 0 && loopDelayMs > maxLoopDelayMs ? worker.usage.samplesOverDelay + 1 : 0,
  }
  change(draft, worker, { usage, due: worker.due ?? dueBy(worker, usage, loopDelayMs) })
}

function dueBy({ requestLimit }: WorkerState, usage: Usage, loopDelayMs: number): Due | null {
  if (requestLimit !== null && usage.requests >= requestLimit) return due('max-requests', usage.requests)
  if (usage.samplesOverMemory >= SAMPLES) return due('max-memory', usage.rss ?? 0)
  if (usage.samplesOverDelay >= SAMPLES) return due('max-loop-delay', loopDelayMs)
  return null
}

function due(reason: RecycleReason, value: number): Due {
  return { reason, value }
}

/** Starts the successor of a worker that is due, if nothing speaks against it. */
export function recycle(draft: Draft): void {
  for (const worker of draft.workers) {
    const at = ageLimit(worker)
    if (at !== null && at <= draft.now)
      change(draft, worker, { due: due('max-age', draft.now - (worker.phase as { readySince: number }).readySince) })
  }
  const worker = nextDue(draft)
  if (worker === null || retryAt(draft, worker) > draft.now) return
  const { drift } = draft
  if (drift.kind === 'checking') return
  if (
    drift.kind === 'unknown' ||
    drift.at + (drift.changed.length > 0 ? FILES_AGAIN_MS : FILES_FRESH_MS) <= draft.now
  ) {
    draft.drift = { kind: 'checking' }
    draft.effects.push({ type: 'check-files', generation: draft.generation })
    return
  }
  if (drift.changed.length > 0 || worker.due === null) return
  const { index, generation } = worker
  report(draft, { type: 'worker-recycling', ...worker.due, ...nameOf(worker) })
  spawn(draft, { index, generation, settings: draft.settings, role: 'successor', reason: 'recycle' })
}

/** What the disk holds of the files that the generation has loaded. */
export function filesChecked(draft: Draft, generation: number, changed: readonly string[]): void {
  if (generation !== draft.generation || draft.drift.kind !== 'checking') return
  draft.drift = { kind: 'checked', at: draft.now, changed }
  if (changed.length > 0) report(draft, { type: 'drift', generation, files: changed })
}

/** When a worker has reached its age; null without a limit, or when it is due already. */
function ageLimit({ phase, due, settings: { maxAgeMs } }: WorkerState): number | null {
  return maxAgeMs > 0 && due === null && phase.kind === 'accepting' ? phase.readySince + maxAgeMs : null
}

/** The worker whose turn it is; null if there is none, or if another one is being recycled, or a reload does it all. */
function nextDue(state: Pick<State, 'phase' | 'rollout' | 'workers' | 'slots'>): WorkerState | null {
  const { phase, rollout, workers } = state
  if (phase.kind !== 'serving' || rollout !== null) return null
  const isUnderWay = workers.some(
    ({ role, phase: each }) =>
      (role === 'successor' && each.kind !== 'killed') || ('reason' in each && each.reason === 'recycled'),
  )
  if (isUnderWay) return null
  const isNext = (worker: WorkerState): boolean =>
    worker.due !== null && worker.role === 'serving' && worker.phase.kind === 'accepting' && isCurrent(worker)
  // A slot in which successors fail must not keep the others waiting.
  const [next] = workers.filter(isNext).toSorted((one, other) => retryAt(state, one) - retryAt(state, other))
  return next ?? null
}

/** After a successor has failed to boot, its slot waits as after any failure. */
function retryAt({ slots }: Pick<State, 'slots'>, { index }: WorkerState): number {
  return slots[index]?.forkAt ?? 0
}

/** The times at which `recycle` would do something by itself. */
export function recycleDeadlines(state: State): number[] {
  const ages = state.workers.flatMap((worker) => ageLimit(worker) ?? [])
  const worker = nextDue(state)
  const { drift } = state
  if (worker === null || drift.kind === 'checking') return ages
  const filesAt = drift.kind === 'checked' && drift.changed.length > 0 ? drift.at + FILES_AGAIN_MS : 0
  return [...ages, Math.max(filesAt, retryAt(state, worker))]
}
