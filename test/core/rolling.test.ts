import { describe, expect, it } from 'vitest'
import {
  accept,
  accepting,
  drain,
  exited,
  failed,
  fork,
  GRACE_MS,
  intakeClosed,
  prepare,
  ready,
  RELOAD,
  Scenario,
} from './scenario.ts'

const ROLLING = { rolling: true } as const

describe('a rolling reload', () => {
  it('says that versions mix, once the first new worker is ready', () => {
    const scenario = Scenario.serving(2, ROLLING)
    expect(scenario.reload().told('reload-rolling')).toEqual([])
    const follows = scenario.send(ready(3))
    expect(follows.told('reload-rolling')).toEqual([{ type: 'reload-rolling', generation: 2 }])
    expect(follows.actions).toEqual([accept(3)])
  })

  it('has the old worker of a slot leave when the new one accepts, and goes on when it has gone', () => {
    const scenario = Scenario.serving(2, ROLLING)
    scenario.reload()
    scenario.send(ready(3))
    expect(scenario.send(accepting(3)).actions).toEqual([drain(1, 'graceful', GRACE_MS)])
    expect(scenario.serving).toEqual({ 2: 1, 3: 2 })
    expect(scenario.send(intakeClosed(1)).actions).toEqual([])
    expect(scenario.send(exited(1, 0)).actions).toEqual([fork(4, 1, 2)])
    scenario.send(ready(4))
    expect(scenario.send(accepting(4)).actions).toEqual([drain(2, 'graceful', GRACE_MS)])
    expect(scenario.send(intakeClosed(2)).told('reloaded')).toMatchObject([{ generation: 2, workers: 2 }])
    expect(scenario.state.generation).toBe(2)
  })

  it('swaps as many at a time as it may', () => {
    const scenario = Scenario.serving(5, { rolling: true, maxSurge: 2 })
    scenario.reload()
    expect(scenario.send(ready(6)).actions).toEqual([accept(6), fork(7, 1, 2)])
    expect(scenario.send(accepting(6), ready(7), accepting(7)).actions).not.toContainEqual(fork(8, 2, 2))
    expect(scenario.send(exited(1, 0)).actions).toEqual([fork(8, 2, 2)])
    expect(scenario.send(exited(2, 0)).actions).toEqual([fork(9, 3, 2)])
  })

  it('adds no more at a time than it may, either', () => {
    const scenario = Scenario.serving(1, ROLLING)
    scenario.reload({ workers: 4 })
    scenario.send(ready(2), accepting(2))
    expect(scenario.send(exited(1, 0)).actions).toEqual([fork(3, 1, 2)])
    expect(scenario.send(ready(3), accepting(3)).actions).toEqual([accept(3), fork(4, 2, 2)])
    expect(scenario.send(ready(4), accepting(4)).actions).toEqual([accept(4), fork(5, 3, 2)])
    expect(scenario.send(ready(5), accepting(5)).told('reloaded')).toHaveLength(1)
    expect(scenario.state.slots).toHaveLength(4)
  })

  it('ends with fewer workers if there are to be fewer', () => {
    const scenario = Scenario.serving(3, ROLLING)
    scenario.reload({ workers: 1 })
    const follows = scenario.send(ready(4), accepting(4))
    expect(follows.told('worker-draining').map(({ worker }) => worker)).toEqual([1, 2, 3])
    expect(scenario.serving).toEqual({ 4: 2 })
  })

  it('ends even if the last old worker died before it could be asked to leave', () => {
    const scenario = Scenario.serving(1, ROLLING)
    scenario.reload()
    scenario.send(ready(2), exited(1))
    expect(scenario.send(accepting(2)).told('reloaded')).toHaveLength(1)
  })

  it('does not spin on a slot that has failed long ago', () => {
    const scenario = Scenario.serving(2, ROLLING)
    scenario.send(exited(1), exited(3))
    scenario.pass(1000)
    scenario.bootWorker(4)
    scenario.pass(1000)
    scenario.reload()
    // Each step is checked to leave no deadline in the past.
    scenario.send(ready(5), accepting(5))
    expect(scenario.pass(1000).actions).toEqual([])
  })
})

describe('a rolling reload that fails', () => {
  it('with its first worker has swapped nobody', () => {
    const scenario = Scenario.serving(2, ROLLING)
    scenario.reload()
    expect(scenario.send(failed(3)).told('reload-failed')).toHaveLength(1)
    expect(scenario.serving).toEqual({ 1: 1, 2: 1 })
  })

  it('with a later one gives the slots back, without a gap, and then says so', () => {
    const scenario = Scenario.serving(2, ROLLING)
    scenario.reload()
    scenario.send(ready(3), accepting(3), exited(1, 0))
    const follows = scenario.send(failed(4), exited(4))
    expect(scenario.rollout).toBe('rolling-back')
    expect(follows.actions).toContainEqual(fork(5, 0, 1))
    expect(follows.told('reload-failed')).toEqual([])
    expect(scenario.serving).toEqual({ 2: 1, 3: 2 })
    scenario.send(ready(5))
    const end = scenario.send(accepting(5))
    expect(end.told('worker-draining')).toMatchObject([{ worker: 3, reason: 'reload-failed' }])
    expect(end.told('reload-failed')).toMatchObject([{ generation: 2, failure: { worker: 4 } }])
    expect(scenario.serving).toEqual({ 2: 1, 5: 1 })
  })

  it('by a crash of one that had its slot already is rolled back, too', () => {
    const scenario = Scenario.serving(2, ROLLING)
    scenario.reload()
    scenario.send(ready(3), accepting(3))
    expect(scenario.send(exited(3)).actions).toEqual([fork(4, 0, 1)])
    expect(scenario.send(ready(4), accepting(4)).told('reload-failed')).toHaveLength(1)
  })

  it('waits with the way back as after any failure', () => {
    const scenario = Scenario.serving(2, ROLLING)
    scenario.reload()
    scenario.send(ready(3), accepting(3), exited(1, 0), exited(4))
    expect(scenario.send(exited(5)).actions).toEqual([fork(6, 0, 1)])
    expect(scenario.send(exited(6)).actions).toEqual([])
    const { forkAt } = scenario.state.slots[0]!
    expect(scenario.pass(forkAt - scenario.now - 1).actions).not.toContainEqual(fork(7, 0, 1))
    expect(scenario.pass(1).actions).toContainEqual(fork(7, 0, 1))
  })
})

describe('a rolling reload and a worker that is being recycled', () => {
  it('dismisses the successor: it would take its slot back', () => {
    const scenario = Scenario.serving(1, { rolling: true, maxRequests: 1 })
    scenario.send({ type: 'heartbeat', worker: 1, requests: 1, rss: 0, loopDelayMs: 0 })
    scenario.send({ type: 'files-checked', generation: 1, changed: [] })
    expect(scenario.workers).toEqual({ 1: 'accepting', 2: 'booting' })
    expect(scenario.send(RELOAD).actions).toEqual([prepare(2)])
    scenario.prepared()
    scenario.send(ready(3))
    expect(scenario.workers).toEqual({ 1: 'accepting', 2: 'draining', 3: 'ready' })
  })
})
