import { adopt } from './adopt.ts'
import { change, isCurrent, report, type Draft } from './draft.ts'
import type { ReloadFailure } from './failure.ts'
import { breakDown, letGo, replace } from './change.ts'
import { leave } from './leave.ts'
import { announceReloaded } from './rollout-end.ts'
import { readySince } from './shutdown.ts'
import { spawn } from './spawn.ts'
import type { Rollout, Settings, Target, WorkerState } from './types.ts'

/**
 * A reload: one worker of the new generation first, then the others, and when all are ready the switch, in one step.
 * Until then nobody of them accepts and nobody of the old generation leaves, so that giving up costs nothing.
 */

/** A reload was asked for. One that is under way already gives way to it: the newest wins. */
export function reload(draft: Draft, origin: string, files: readonly string[] = []): void {
  if (draft.settings.isDevelopment) return reloadAtOnce(draft, origin, files)
  if (draft.phase.kind !== 'starting' && draft.phase.kind !== 'serving') return
  const { rollout } = draft
  // The one before has succeeded: that is said first, so that nobody takes it for the end of this one.
  if (rollout?.kind === 'switched') announceReloaded(draft, rollout.target)
  report(draft, { type: 'reload-asked', origin })
  switch (rollout?.kind) {
    case 'queued':
      return
    case 'preparing':
      // What is being read may be half old: it is read once more, and only once, however many ask.
      draft.rollout = { ...rollout, again: true }
      return
    case 'canary':
    case 'filling':
    case 'rolling':
    case 'rolling-back':
      report(draft, { type: 'reload-superseded', origin })
      dismissCandidates(draft)
      return prepare(draft)
    case 'switched':
    case 'replacing':
      return prepare(draft)
    case undefined:
      if (draft.phase.kind === 'serving') return prepare(draft)
      draft.rollout = { kind: 'queued' }
  }
}

/** In development the old generation leaves before the new one is there: nothing stale is to be answered. */
function reloadAtOnce(draft: Draft, origin: string, files: readonly string[]): void {
  if (!letGo(draft, origin, files)) return
  if (draft.rollout?.kind === 'preparing') draft.rollout = { ...draft.rollout, again: true }
  else prepare(draft)
}

function prepare(draft: Draft): void {
  const generation = draft.nextGeneration++
  draft.rollout = { kind: 'preparing', generation, since: draft.now, again: false }
  draft.effects.push({ type: 'prepare', generation })
}

/** What the new generation is made of has been read. */
export function prepared(draft: Draft, generation: number, settings: Settings): void {
  const { rollout } = draft
  if (rollout?.kind !== 'preparing' || rollout.generation !== generation) return
  if (rollout.again) return prepare(draft)
  // Who has scaled by hand keeps that number, unless the configured one has changed.
  const workers = settings.workers === draft.settings.workers ? draft.slots.length : settings.workers
  const target: Target = { generation, settings, workers, since: rollout.since }
  if (settings.isDevelopment) replace(draft, target)
  else draft.rollout = { kind: 'canary', target, readyAt: null }
  report(draft, { type: 'reload-started', generation, workers })
}

export function notPrepared(draft: Draft, generation: number, failure: ReloadFailure): void {
  const { rollout } = draft
  if (rollout?.kind !== 'preparing' || rollout.generation !== generation) return
  if (rollout.again) return prepare(draft)
  endFailed(draft, generation, failure)
  if (draft.settings.isDevelopment && failure.kind === 'not-prepared') {
    breakDown(draft, { kind: 'preload', what: 'reading the configuration', error: failure.error }, null)
  }
}

/** A worker has failed. If it was one of the new generation, that is the end of the reload. */
export function candidateFailed(draft: Draft, worker: WorkerState, failure: ReloadFailure): void {
  const { rollout } = draft
  if (rollout === null || !('target' in rollout) || rollout.target.generation !== worker.generation) return
  switch (rollout.kind) {
    case 'canary':
    case 'filling':
      return endFailed(draft, worker.generation, failure)
    case 'rolling':
      draft.rollout = { kind: 'rolling-back', target: rollout.target, failure }
      return
    case 'rolling-back':
    case 'replacing':
    case 'switched':
  }
}

/** Does what comes next in a reload; rolling.ts does what comes later in one that swaps slot after slot. */
export function advanceRollout(draft: Draft): void {
  const { rollout } = draft
  switch (rollout?.kind) {
    case 'queued':
      if (draft.phase.kind === 'serving') prepare(draft)
      return
    case 'canary':
      return advanceCanary(draft, rollout)
    case 'filling':
      return advanceFilling(draft, rollout.target)
    case 'preparing':
    case 'rolling':
    case 'rolling-back':
    case 'replacing':
    case 'switched':
    case undefined:
  }
}

function advanceCanary(draft: Draft, rollout: Extract<Rollout, { readonly kind: 'canary' }>): void {
  const { target } = rollout
  const [canary] = candidatesOf(draft, target)
  // Another canary in its place, after a SIGTERM, has its own time.
  const readyAt = canary?.phase.kind === 'standby' ? canary.phase.readySince : null
  if (readyAt !== rollout.readyAt) draft.rollout = { ...rollout, readyAt }
  if (canary === undefined) return spawnCandidate(draft, target, 0)
  if (readyAt === null || readyAt + target.settings.canaryMs > draft.now) return
  if (target.settings.rolling) return startRolling(draft, target, canary)
  draft.rollout = { kind: 'filling', target }
  advanceFilling(draft, target)
}

/** The canary takes over its slot; rolling.ts has the others follow. */
function startRolling(draft: Draft, target: Target, canary: WorkerState): void {
  report(draft, { type: 'reload-rolling', generation: target.generation })
  draft.rollout = { kind: 'rolling', target }
  // Whoever is about to replace a worker within the old generation would take its slot back from the new one.
  for (const worker of draft.workers) {
    if (worker.role === 'successor' && worker.generation !== target.generation) leave(draft, worker, 'reloaded')
  }
  letAccept(draft, canary, 'successor')
}

function advanceFilling(draft: Draft, target: Target): void {
  for (const worker of candidatesOf(draft, target)) {
    if (worker.index >= target.workers) leave(draft, worker, 'scaled-down')
  }
  const candidates = candidatesOf(draft, target)
  const ready = candidates.filter(({ phase }) => phase.kind === 'standby')
  if (ready.length === target.workers) return switchOver(draft, target, ready)
  let surge = target.settings.maxSurge - candidates.filter(({ phase }) => phase.kind === 'booting').length
  for (let index = 0; index < target.workers && surge > 0; index++) {
    if (candidates.some((candidate) => candidate.index === index)) continue
    spawnCandidate(draft, target, index)
    surge--
  }
}

function spawnCandidate(draft: Draft, { generation, settings }: Target, index: number): void {
  spawn(draft, { index, generation, settings, role: 'candidate', reason: 'reload' })
}

function candidatesOf(draft: Draft, { generation }: Target): WorkerState[] {
  return draft.workers.filter(
    (worker) => worker.role === 'candidate' && worker.generation === generation && isCurrent(worker),
  )
}

/** The new generation accepts and the old one drains. Connections that come in between wait in the kernel. */
function switchOver(draft: Draft, target: Target, ready: readonly WorkerState[]): void {
  for (const worker of ready) letAccept(draft, worker, 'serving')
  settleOn(draft, target)
}

/** Nobody else is forked from now on; who is left of the others leaves. */
export function settleOn(draft: Draft, target: Target): void {
  adopt(draft, target, 'crashed')
  draft.rollout = { kind: 'switched', target }
  for (const worker of draft.workers) if (worker.generation !== target.generation) leave(draft, worker, 'reloaded')
}

/** Lets a worker accept that is ready. */
function letAccept(draft: Draft, worker: WorkerState, role: WorkerState['role']): void {
  const deadline = draft.now + worker.settings.bootTimeoutMs
  change(draft, worker, { role, phase: { kind: 'ready', readySince: readySince(worker.phase) ?? draft.now, deadline } })
  draft.effects.push({ type: 'accept', worker: worker.id })
}

/** Whoever has no slot yet leaves, and nobody has noticed anything. */
export function dismissCandidates(draft: Draft): void {
  for (const worker of draft.workers) {
    if (worker.role !== 'serving' && worker.generation !== draft.generation) leave(draft, worker, 'reload-failed')
  }
  draft.mayReleaseListeners = true
}

/** The old generation serves on. Its files may have gone from the disk, which is worth knowing before it is replaced. */
function endFailed(draft: Draft, generation: number, failure: ReloadFailure): void {
  dismissCandidates(draft)
  const stray = draft.workers.some((worker) => isCurrent(worker) && worker.generation !== draft.generation)
  // An earlier reload, of which this one has taken the place, may have swapped some workers.
  if (stray) {
    const target: Target = { generation, settings: draft.settings, workers: draft.slots.length, since: draft.now }
    draft.rollout = { kind: 'rolling-back', target, failure }
    return
  }
  concludeFailed(draft, generation, failure)
}

export function concludeFailed(draft: Draft, generation: number, failure: ReloadFailure): void {
  draft.rollout = null
  draft.mayReleaseListeners = true
  report(draft, { type: 'reload-failed', generation, failure })
  // In development that is what reloads are for.
  if (draft.settings.isDevelopment) return
  draft.drift = { kind: 'checking' }
  draft.effects.push({ type: 'check-files', generation: draft.generation })
}
