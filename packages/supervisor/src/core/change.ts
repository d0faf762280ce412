import { adopt } from './adopt.ts'
import { change, isCurrent, report, type Draft } from './draft.ts'
import type { BootFailure } from './failure.ts'
import { kill, leave } from './leave.ts'
import { spawnPage } from './spawn.ts'
import type { State, Target, WorkerState } from './types.ts'

/**
 * Development: a file has changed. What has been loaded before answers nothing more from now on; connections wait in the
 * kernel until the new code accepts. Code that does not boot is shown to whoever asks, until the next change.
 */

/** The rest of a write may be on its way: code that is broken for less than this is not worth showing. */
const VERDICT_MS = 100
/** What is loaded anew all the time, as in a checkout of many files, waits longer each time, up to a limit. */
const FIRST_DELAY_MS = 20
const LONGEST_DELAY_MS = 500
/** A pause of this length between two changes ends that. */
const QUIET_MS = 1000

/** Lets go of what was loaded before the change. Returns false if there is nobody to do it for. */
export function letGo(draft: Draft, origin: string, files: readonly string[]): boolean {
  if (draft.phase.kind !== 'starting' && draft.phase.kind !== 'serving') return false
  // What is only being prepared has cost nothing yet.
  const isAbandoned = draft.rollout?.kind === 'replacing'
  const { attempts } = draft
  const count = draft.now - attempts.at > QUIET_MS ? 0 : attempts.count
  draft.attempts = { count: isAbandoned ? count + 1 : count, at: draft.now }
  draft.broken = null
  report(draft, { type: 'changed', origin, files })
  for (const worker of draft.workers) {
    if (!isCurrent(worker)) continue
    if (worker.phase.kind === 'booting') kill(draft, worker, 'changed')
    else leave(draft, worker, 'changed')
  }
  return true
}

/** Starts the new generation in place of the old one, which has left already. */
export function replace(draft: Draft, target: Target): void {
  const { count } = draft.attempts
  const delayMs = count === 0 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (count - 1))
  adopt(draft, target, 'reload', draft.now + delayMs)
  draft.rollout = { kind: 'replacing', target }
}

/**
 * Who takes the place of others is told in advance that it may accept, so that it need not ask when it is ready: as soon
 * as nobody takes a connection any more who runs what was there before.
 */
export function letReplace(draft: Draft): void {
  const { rollout } = draft
  if (rollout?.kind !== 'replacing') return
  const { generation } = rollout.target
  if (draft.workers.some((worker) => worker.generation !== generation && mayStillAnswer(worker))) return
  for (const worker of draft.workers) {
    const { generation: own, phase, pid, mayAccept } = worker
    // Before the fork, which a hook may hold up, there is nobody to be told.
    if (own !== generation || pid === null || phase.kind !== 'booting' || mayAccept) continue
    change(draft, worker, { mayAccept: true })
    draft.effects.push({ type: 'accept', worker: worker.id })
  }
}

function mayStillAnswer({ phase }: WorkerState): boolean {
  return phase.kind !== 'killed' && (phase.kind !== 'draining' || phase.intake === 'open')
}

/** Whether the generation that has taken the place of another one accepts, all of it. */
export function isReplaced(draft: Draft, { generation }: Target): boolean {
  const accepting = draft.workers.filter(
    (worker) => worker.role === 'serving' && worker.generation === generation && worker.phase.kind === 'accepting',
  )
  return accepting.length >= draft.slots.length
}

/** The code does not run. The other workers run the same, so that one failure says it for all. */
export function breakDown(draft: Draft, failure: BootFailure, worker: WorkerState | null): void {
  const isOld = worker !== null && worker.generation !== draft.generation
  if (draft.broken !== null || isOld || worker?.role === 'page') return
  draft.broken = { kind: 'held', failure, since: draft.now }
  const { rollout } = draft
  if (rollout?.kind === 'replacing') {
    const cause = { kind: 'worker', failure, worker: worker?.id ?? 0 } as const
    report(draft, { type: 'reload-failed', generation: rollout.target.generation, failure: cause })
    draft.rollout = null
  }
  for (const other of draft.workers) {
    if (other.id !== worker?.id && other.phase.kind === 'booting') kill(draft, other, 'boot-failed')
  }
}

/** Shows what is broken, once it is sure that this is not half a file. */
export function showBroken(draft: Draft): void {
  const { broken } = draft
  if (broken?.kind !== 'held' || broken.since + VERDICT_MS > draft.now || draft.phase.kind === 'stopping') return
  draft.broken = { kind: 'shown', failure: broken.failure }
  spawnPage(draft, broken.failure)
}

/** When `showBroken` would do something by itself. */
export function brokenDeadlines({ broken, phase }: State): number[] {
  return broken?.kind === 'held' && phase.kind !== 'stopping' ? [broken.since + VERDICT_MS] : []
}
