import type { LeaveReason, Settings, WorkerPhase } from './types.ts'

/** A worker that never was ready has no client to lose: it gets this long to exit by itself. */
const UNREADY_GRACE_MS = 1000
/** How long the exit of a killed process is awaited before the supervisor ends without having seen it. */
export const GIVE_UP_AFTER_KILL_MS = 2000
/**
 * A second stop signal within this time is the same key press: Ctrl-C reaches the supervisor from the terminal and
 * once more from a package runner (npm, pnpm) that passes it on.
 */
export const SAME_PRESS_MS = 250

/** When the worker became ready, or null if it never did. */
export function readySince(phase: WorkerPhase): number | null {
  return phase.kind === 'booting' ? null : phase.readySince
}

/** How long a worker that is asked to leave now may go on with the requests that it has. */
export function graceOf(phase: WorkerPhase, settings: Settings): number {
  return readySince(phase) === null ? 0 : settings.gracefulTimeoutMs
}

/** The phase of a worker that has been asked to leave: requests first, then its exit handlers, then SIGKILL. */
export function draining(phase: WorkerPhase, reason: LeaveReason, settings: Settings, now: number): WorkerPhase {
  const since = readySince(phase)
  const patience = since === null ? Math.min(UNREADY_GRACE_MS, settings.killTimeoutMs) : settings.killTimeoutMs
  const intake = phase.kind === 'ready' || phase.kind === 'accepting' ? 'open' : 'closed'
  const graceEndsAt = now + graceOf(phase, settings)
  return {
    kind: 'draining',
    reason,
    readySince: since,
    since: now,
    graceEndsAt,
    killAt: graceEndsAt + patience,
    intake,
  }
}

/** The phase of a worker that gets SIGKILL now. */
export function killed(phase: WorkerPhase, reason: LeaveReason, now: number): WorkerPhase {
  return { kind: 'killed', reason, readySince: readySince(phase), giveUpAt: now + GIVE_UP_AFTER_KILL_MS }
}
