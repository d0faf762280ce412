import { isCurrent } from './draft.ts'
import { generationOf } from './rollout-end.ts'
import { isEmpty, isFilling } from './slot.ts'
import type { ForkReason, LastExit, Phase, Rollout, Slot, State, WorkerId, WorkerPhase } from './types.ts'

/** What a worker does at a moment. `standby`: it is ready, and a reload does not let it accept yet. */
export type WorkerStatus = WorkerPhase['kind']

/** A worker, for people and programs. */
export interface WorkerSnapshot {
  readonly worker: WorkerId
  readonly index: number
  readonly generation: number
  readonly pid: number | null
  readonly status: WorkerStatus
  readonly uptimeMs: number
  readonly requests: number
  /** Bytes; null until the worker has told. */
  readonly rss: number | null
  /** How long ago it gave its last sign of life. */
  readonly silentMs: number
}

/** A place for one worker. */
export interface SlotSnapshot {
  readonly index: number
  /** Failures in a row. */
  readonly failures: number
  readonly lastExit: {
    readonly code: number | null
    readonly signal: string | null
    /** What it is put down to, in words. */
    readonly reason: string
    readonly agoMs: number
  } | null
  /** How long until a worker is started; null where one serves, or is on its way. */
  readonly nextAttemptInMs: number | null
}

/** The state of a supervisor, for people and programs. All times are milliseconds. */
export interface Snapshot {
  readonly phase: Phase['kind']
  readonly generation: number
  /** The reload that is under way. */
  readonly rollout: { readonly kind: Rollout['kind']; readonly generation: number | null } | null
  /** Files of the generation that serves which have changed on the disk, as far as that was looked at. */
  readonly drift: readonly string[]
  /** How many workers there should be. */
  readonly wanted: number
  readonly workers: readonly WorkerSnapshot[]
  readonly slots: readonly SlotSnapshot[]
  /** How many workers were started for each reason. */
  readonly forks: Readonly<Record<ForkReason, number>>
}

/** Says what `status` shows. */
export function snapshotOf(state: State, now: number): Snapshot {
  const { phase, generation, rollout, drift, slots, workers, forks } = state
  return {
    phase: phase.kind,
    generation,
    rollout: rollout === null ? null : { kind: rollout.kind, generation: generationOf(rollout) },
    drift: drift.kind === 'checked' ? drift.changed : [],
    wanted: slots.length,
    workers: workers.map((worker) => ({
      worker: worker.id,
      index: worker.index,
      generation: worker.generation,
      pid: worker.pid,
      status: worker.phase.kind,
      uptimeMs: now - worker.forkedAt,
      requests: worker.usage.requests,
      rss: worker.usage.rss,
      silentMs: isCurrent(worker) ? now - (worker.pulse.kind === 'silent' ? worker.pulse.since : worker.pulse.at) : 0,
    })),
    slots: slots.map((slot) => slotOf(state, slot, now)),
    forks,
  }
}

function slotOf(state: State, slot: Slot, now: number): SlotSnapshot {
  const { index, failures, lastExit, forkAt } = slot
  return {
    index,
    failures,
    lastExit: lastExit && {
      code: lastExit.code,
      signal: lastExit.signal,
      reason: reasonOf(lastExit),
      agoMs: now - lastExit.at,
    },
    nextAttemptInMs: isFilling(state) && isEmpty(state, slot) ? Math.max(0, forkAt - now) : null,
  }
}

function reasonOf({ code, signal, reason }: LastExit): string {
  if (reason !== null) return reason
  if (signal === 'SIGKILL') return 'killed by the kernel, perhaps out of memory, or by hand'
  return signal === null ? `exited with code ${code}` : `ended by ${signal}`
}
