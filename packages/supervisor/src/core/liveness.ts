import { change, nameOf, report, type Draft } from './draft.ts'
import { kill } from './leave.ts'
import { candidateFailed } from './rollout.ts'
import { GIVE_UP_AFTER_KILL_MS } from './shutdown.ts'
import { countFailure } from './slot.ts'
import { bootFailed } from './stop.ts'
import type { State, WorkerState } from './types.ts'
import type { Verdict } from './verdict.ts'

/**
 * Whether the event loops of the workers turn. A heartbeat comes from the loop itself, not from a thread that still
 * runs while the loop is blocked. Workers that boot or drain have deadlines of their own.
 */

/** How long a look at a silent worker may take; the host answers sooner. */
const INSPECTION_PATIENCE_MS = 5000

/**
 * A deadline that is over for longer than this was slept through: by a suspended process, or a suspended machine. A
 * supervisor that is merely kept waiting that long has not heard its workers in time either.
 */
const SUSPENDED_MS = 250

/** A sign of life. */
export function beat(draft: Draft, worker: WorkerState): WorkerState {
  const { pulse } = worker
  if (pulse.kind !== 'silent') return change(draft, worker, { pulse: { ...pulse, at: draft.now } })
  return change(draft, worker, {
    pulse: { kind: 'recovered', at: draft.now, silentMs: draft.now - pulse.since },
  })
}

/** Has a look taken at whoever has been silent for too long, before anything is done about it. */
export function listenForPulses(draft: Draft): void {
  if (draft.phase.kind === 'stopping') return
  for (const worker of draft.workers) {
    const deadline = pulseDeadline(worker)
    if (deadline === null || deadline > draft.now) continue
    if (worker.pulse.kind === 'silent') {
      inspected(draft, worker, { kind: 'unavailable', why: 'it could not be inspected in time' })
      continue
    }
    const giveUpAt = draft.now + INSPECTION_PATIENCE_MS
    change(draft, worker, { pulse: { kind: 'silent', since: worker.pulse.at, giveUpAt } })
    // The look that was taken at its last silence has not come back yet, and tells as much about this one.
    if (worker.pulse.kind !== 'recovered') draft.effects.push({ type: 'inspect', worker: worker.id })
  }
}

/** When a worker's silence has lasted for too long; null if it is not listened for. */
function pulseDeadline({ phase, pulse, settings: { timeoutMs } }: WorkerState): number | null {
  const isExpected = phase.kind === 'standby' || phase.kind === 'ready' || phase.kind === 'accepting'
  if (timeoutMs === 0 || !isExpected) return null
  return pulse.kind === 'silent' ? pulse.giveUpAt : pulse.at + timeoutMs
}

/** What was found out about a worker that was silent. */
export function inspected(draft: Draft, worker: WorkerState, verdict: Verdict): void {
  const { pulse } = worker
  if (pulse.kind === 'recovered') {
    report(draft, { type: 'worker-recovered', silentMs: pulse.silentMs, verdict, ...nameOf(worker) })
    change(draft, worker, { pulse: { kind: 'beating', at: pulse.at } })
    return
  }
  if (pulse.kind !== 'silent') return
  const silentMs = draft.now - pulse.since
  if (verdict.kind === 'idle' || verdict.kind === 'debugged') {
    // Who is idle has come back, and may have been made to stand still again by the look itself.
    if (verdict.kind === 'idle') report(draft, { type: 'worker-recovered', silentMs, verdict, ...nameOf(worker) })
    else report(draft, { type: 'worker-debugged', silentMs, ...nameOf(worker) })
    change(draft, worker, { pulse: { kind: 'beating', at: draft.now } })
    return
  }
  if (pulseDeadline(worker) === null) return
  report(draft, { type: 'worker-hung', silentMs, verdict, ...nameOf(worker) })
  countFailure(draft, worker)
  kill(draft, worker, 'hung')
  const failure = { kind: 'hung', silentMs } as const
  // Before it accepts that is a boot that has failed, with all that follows; later it is so for a reload only.
  if (worker.phase.kind !== 'accepting') return bootFailed(draft, worker, failure)
  draft.lastFailure = failure
  candidateFailed(draft, worker, { kind: 'worker', failure, worker: worker.id })
}

/** What was slept through counts for nobody: a supervisor that was suspended has heard nobody, and kills nobody. */
export function forgive(draft: Draft, due: number): void {
  if (draft.now - due <= SUSPENDED_MS) return
  draft.workers = draft.workers.map((worker) => {
    const { phase, settings } = worker
    const alive: WorkerState = { ...worker, pulse: { kind: 'beating', at: draft.now } }
    switch (phase.kind) {
      case 'booting':
      case 'ready':
        return { ...alive, phase: { ...phase, deadline: draft.now + settings.bootTimeoutMs } }
      case 'draining':
        return { ...alive, phase: { ...phase, killAt: Math.max(phase.killAt, draft.now + settings.killTimeoutMs) } }
      case 'killed':
        return { ...alive, phase: { ...phase, giveUpAt: draft.now + GIVE_UP_AFTER_KILL_MS } }
      default:
        return alive
    }
  })
  if (draft.unservedSince !== null) draft.unservedSince = draft.now
}

/** The next time at which somebody's silence has lasted for too long. */
export function pulseDeadlines(state: State): number[] {
  return state.phase.kind === 'stopping' ? [] : state.workers.flatMap((worker) => pulseDeadline(worker) ?? [])
}
