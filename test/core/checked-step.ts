import assert from 'node:assert/strict'
import { MOST_WORKERS, nextDeadline, step } from '../../packages/supervisor/src/core/step.ts'
import type { Effect } from '../../packages/supervisor/src/core/effect.ts'
import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { State, WorkerState } from '../../packages/supervisor/src/core/types.ts'

/** What no delay before a fork may exceed. */
const LONGEST_DELAY_MS = 30_000
const TICK: Event = { type: 'tick' }

/** `step`, and a look at everything that has to hold of any call of it, whatever the state and the event. */
export function checkedStep(state: State, event: Event, now: number): { state: State; effects: Effect[] } {
  freeze(state)
  const result = step(state, event, now)
  assert.deepStrictEqual(step(state, event, now), result, 'the same input gives the same answer')
  freeze(result.state)
  checkState(result.state, now)
  checkDeadline(result.state, now)
  return result
}

/** Whether the worker has not been asked to leave. */
export function isCurrent({ phase }: WorkerState): boolean {
  return phase.kind !== 'draining' && phase.kind !== 'killed'
}

/** Whether the worker fills its slot. */
export function fillsSlot(worker: WorkerState): boolean {
  return worker.role === 'serving' && isCurrent(worker)
}

function checkState(state: State, now: number): void {
  const { phase, slots, workers, nextId } = state
  for (const [position, { id }] of workers.entries()) {
    assert.ok(id > (workers[position - 1]?.id ?? 0) && id < nextId, 'ids are unique and increase')
  }
  if (phase.kind === 'stopped') assert.equal(workers.length, 0, 'nobody is left behind')
  if (phase.kind === 'idle') return
  const current = workers.filter(isCurrent)
  if (phase.kind === 'stopping') assert.equal(current.length, 0, 'in a stop everybody leaves')
  for (const role of ['serving', 'candidate', 'successor'] as const) {
    const indexes = current.filter((worker) => worker.role === role).map(({ index }) => index)
    assert.equal(new Set(indexes).size, indexes.length, `a slot has at most one ${role} worker`)
  }
  assert.ok(slots.length <= MOST_WORKERS, 'slots have an upper limit')
  for (const [position, slot] of slots.entries()) {
    assert.equal(slot.index, position, 'slots are numbered without gaps')
    assert.ok(slot.forkAt <= now + LONGEST_DELAY_MS, 'no delay is longer than the longest')
  }
  checkRoles(state, current)
}

/** Who may be there, and do what, while a new generation is rolled in, and while none is. */
function checkRoles({ rollout, slots, generation, phase }: State, current: readonly WorkerState[]): void {
  const target = rollout !== null && 'target' in rollout ? rollout.target : null
  const places = Math.max(slots.length, rollout?.kind === 'rolling' ? rollout.target.workers : 0)
  for (const worker of current) {
    const isNew = worker.generation === target?.generation
    if (worker.role === 'candidate') {
      assert.ok(isNew && (rollout?.kind === 'canary' || rollout?.kind === 'filling'), 'a candidate has its reload')
      assert.ok(worker.index < target.workers, 'a candidate without a place leaves')
    } else assert.ok(worker.index < places, 'a worker without a slot leaves')
    const mayWait = worker.phase.kind === 'booting' || worker.phase.kind === 'standby'
    assert.ok(worker.role !== 'candidate' || mayWait, 'no candidate accepts before the switch')
    assert.ok(worker.role === 'candidate' || worker.phase.kind !== 'standby', 'only a candidate is kept waiting')
  }
  const boot = current.filter(({ role, phase }) => role === 'candidate' && phase.kind === 'booting').length
  assert.ok(boot <= Math.max(1, target?.settings.maxSurge ?? 0), 'no more candidates boot at a time than may')
  if (rollout === null && phase.kind !== 'delaying') {
    assert.ok(
      current.every((worker) => worker.generation === generation),
      'no reload ends with two versions',
    )
  }
}

/** The shell sleeps until the deadline: nothing may be due before it, and something has to come of it. */
function checkDeadline(state: State, now: number): void {
  assert.deepStrictEqual(step(state, TICK, now), { state, effects: [] }, 'a second look finds nothing left to do')
  const deadline = nextDeadline(state)
  const before = deadline === null ? now + 1e9 : deadline - 1
  if (deadline !== null) {
    assert.ok(deadline > now, 'the next deadline lies ahead')
    assert.notDeepStrictEqual(step(state, TICK, deadline), { state, effects: [] }, 'something is done at the deadline')
  }
  assert.deepStrictEqual(step(state, TICK, before), { state, effects: [] }, 'nothing is due before the deadline')
}

/** Makes every change of what is reachable from here an error. What is frozen was frozen with all that it holds. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) freeze(part)
}
