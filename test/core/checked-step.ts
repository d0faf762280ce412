import assert from 'node:assert/strict'
import { MOST_WORKERS, nextDeadline, step } from '../../packages/supervisor/src/core/step.ts'
import type { Effect, Event, State, WorkerState } from '../../packages/supervisor/src/core/types.ts'

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

/** Whether the worker fills its slot. */
export function isCurrent({ phase }: WorkerState): boolean {
  return phase.kind === 'booting' || phase.kind === 'ready' || phase.kind === 'accepting'
}

function checkState({ phase, slots, workers, nextId }: State, now: number): void {
  for (const [position, { id }] of workers.entries()) {
    assert.ok(id > (workers[position - 1]?.id ?? 0) && id < nextId, 'ids are unique and increase')
  }
  if (phase.kind === 'stopped') assert.equal(workers.length, 0, 'nobody is left behind')
  if (phase.kind === 'idle') return
  const current = workers.filter(isCurrent)
  const indexes = current.map(({ index }) => index)
  assert.equal(new Set(indexes).size, indexes.length, 'a slot has at most one current worker')
  assert.ok(
    indexes.every((index) => index < slots.length),
    'a worker without a slot leaves',
  )
  if (phase.kind === 'stopping') assert.equal(current.length, 0, 'in a stop everybody leaves')
  assert.ok(slots.length <= MOST_WORKERS, 'slots have an upper limit')
  for (const [position, slot] of slots.entries()) {
    assert.equal(slot.index, position, 'slots are numbered without gaps')
    assert.ok(slot.forkAt <= now + LONGEST_DELAY_MS, 'no delay is longer than the longest')
  }
}

/** The shell sleeps until the deadline: nothing may be due before it, and something has to come of it. */
function checkDeadline(state: State, now: number): void {
  assert.deepStrictEqual(step(state, TICK, now), { state, effects: [] }, 'a second look finds nothing left to do')
  const deadline = nextDeadline(state)
  const before = deadline === null ? now + 1e9 : deadline - 1
  if (deadline !== null) {
    assert.ok(deadline > now, 'the next deadline lies ahead')
    assert.notEqual(step(state, TICK, deadline).effects.length, 0, 'something is done at the deadline')
  }
  assert.deepStrictEqual(step(state, TICK, before), { state, effects: [] }, 'nothing is due before the deadline')
}

/** Makes every change of what is reachable from here an error. What is frozen was frozen with all that it holds. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) freeze(part)
}
