import { nameOf, report, type Draft } from './draft.ts'
import type { BootFailure } from './failure.ts'
import { draw } from './restart-budget.ts'
import type { ForkReason, Role, Settings, WorkerState } from './types.ts'

/** Where a new worker belongs, and why it is forked. */
export interface Place {
  readonly index: number
  readonly generation: number
  readonly role: Role
  readonly reason: ForkReason
  /** Those of its generation. */
  readonly settings: Settings
}

export function spawn(draft: Draft, place: Place): void {
  const { index, generation } = place
  const worker = add(draft, place, drawRequestLimit(draft, place.settings))
  draft.effects.push({ type: 'fork', worker: worker.id, index, generation, requestLimit: worker.requestLimit })
  report(draft, { type: 'worker-forked', reason: place.reason, ...nameOf(worker) })
}

/** However soon the app has to boot, the page that tells why it does not is given this long. */
const PAGE_BOOT_MS = 10_000

/** In development: a worker that shows why the app does not run. */
export function spawnPage(draft: Draft, failure: BootFailure): void {
  const { generation } = draft
  const settings = { ...draft.settings, bootTimeoutMs: Math.max(draft.settings.bootTimeoutMs, PAGE_BOOT_MS) }
  const worker = add(draft, { index: 0, generation, settings, role: 'page', reason: 'broken' }, null)
  draft.effects.push({ type: 'fork-page', worker: worker.id, generation, failure })
  report(draft, { type: 'worker-forked', reason: 'broken', ...nameOf(worker) })
}

function add(draft: Draft, place: Place, requestLimit: number | null): WorkerState {
  const { index, generation, role, reason, settings } = place
  const worker: WorkerState = {
    id: draft.nextId++,
    index,
    generation,
    role,
    settings,
    forkedAt: draft.now,
    pid: null,
    phase: { kind: 'booting', step: 'loading', detail: null, deadline: draft.now + settings.bootTimeoutMs },
    mayAccept: false,
    pulse: { kind: 'beating', at: draft.now },
    usage: { requests: 0, rss: null, samplesOverMemory: 0, samplesOverDelay: 0 },
    requestLimit,
    due: null,
    refused: null,
    lastError: null,
  }
  draft.workers.push(worker)
  draft.forks = { ...draft.forks, [reason]: draft.forks[reason] + 1 }
  return worker
}

/** As gunicorn's `max_requests_jitter`: each worker goes on for a little longer, by chance. */
function drawRequestLimit(draft: Draft, { maxRequests, maxRequestsJitter }: Settings): number | null {
  if (maxRequests === 0) return null
  if (maxRequestsJitter === 0) return maxRequests
  const drawn = draw(draft.seed)
  draft.seed = drawn.seed
  return maxRequests + Math.floor(drawn.value * (maxRequestsJitter + 1))
}
