import { describe, expect, it } from 'vitest'
import {
  accept,
  accepting,
  drain,
  exited,
  fork,
  forked,
  GRACE_MS,
  intakeClosed,
  prepare,
  ready,
  RELOAD,
  scale,
  Scenario,
  signalled,
} from './scenario.ts'

describe('a reload', () => {
  it('first has everything read anew, and touches nobody', () => {
    const scenario = Scenario.serving(2)
    const follows = scenario.send(RELOAD)
    expect(follows.actions).toEqual([prepare(2)])
    expect(follows.reports).toEqual([{ type: 'reload-asked', origin: 'SIGHUP' }])
    expect(scenario.serving).toEqual({ 1: 1, 2: 1 })
  })

  it('boots one worker, which accepts nothing, and then the others', () => {
    const scenario = Scenario.serving(3, { maxSurge: 8 })
    const first = scenario.reload()
    expect(first.actions).toEqual([fork(4, 0, 2)])
    expect(first.told('reload-started')).toEqual([{ type: 'reload-started', generation: 2, workers: 3 }])
    expect(first.told('worker-forked')).toMatchObject([{ worker: 4, generation: 2, reason: 'reload' }])
    expect(scenario.send(forked(4), ready(4)).actions).toEqual([fork(5, 1, 2), fork(6, 2, 2)])
    expect(scenario.send(ready(5)).actions).toEqual([])
    expect(scenario.serving).toEqual({ 1: 1, 2: 1, 3: 1 })
    expect(scenario.workers).toMatchObject({ 4: 'standby', 5: 'standby', 6: 'booting' })
  })

  it('has no more of them boot at a time than it may', () => {
    const scenario = Scenario.serving(4, { maxSurge: 2 })
    scenario.reload()
    expect(scenario.send(ready(5)).actions).toEqual([fork(6, 1, 2), fork(7, 2, 2)])
    expect(scenario.send(ready(7)).actions).toEqual([fork(8, 3, 2)])
    expect(scenario.send(ready(6)).actions).toEqual([])
  })

  it('switches in one step: the new ones accept and the old ones drain when all are ready', () => {
    const scenario = Scenario.serving(2)
    scenario.reload()
    scenario.send(ready(3))
    const { actions, reports } = scenario.send(ready(4))
    const drains = [drain(1, 'graceful', GRACE_MS), drain(2, 'graceful', GRACE_MS)]
    expect(actions).toEqual([accept(3), accept(4), ...drains])
    const leaving = reports.filter(({ type }) => type === 'worker-draining')
    expect(leaving).toMatchObject([
      { worker: 1, reason: 'reloaded' },
      { worker: 2, reason: 'reloaded' },
    ])
    expect(scenario.state.generation).toBe(2)
    expect(scenario.serving).toEqual({ 3: 2, 4: 2 })
  })

  it('has ended when the new generation alone accepts, and all of it does', () => {
    const scenario = Scenario.serving(2)
    scenario.reload()
    scenario.send(ready(3), ready(4))
    scenario.pass(70)
    expect(scenario.send(accepting(3), intakeClosed(1), accepting(4)).told('reloaded')).toEqual([])
    const end = scenario.send(intakeClosed(2))
    expect(end.told('reloaded')).toEqual([{ type: 'reloaded', generation: 2, workers: 2, afterMs: 70 }])
    expect(scenario.rollout).toBeNull()
    expect(scenario.workers).toMatchObject({ 1: 'draining', 2: 'draining' })
  })

  it('waits for new workers to accept even if the old ones are gone', () => {
    const scenario = Scenario.serving(1)
    scenario.reload()
    expect(scenario.send(ready(2), exited(1, 0)).told('reloaded')).toEqual([])
    expect(scenario.send(accepting(2)).told('reloaded')).toHaveLength(1)
  })

  it('has addresses released that nobody wants any more, when the last old worker has gone', () => {
    const scenario = Scenario.serving(2)
    scenario.reload()
    scenario.send(ready(3), ready(4), accepting(3), accepting(4), intakeClosed(1), intakeClosed(2))
    expect(scenario.send(exited(1, 0)).actions).toEqual([])
    expect(scenario.send(exited(2, 0)).actions).toEqual([{ type: 'release-listeners', generation: 2 }])
    expect(scenario.send(exited(3, 0)).actions).toEqual([fork(5, 0, 2)])
  })

  it('gives crashed workers of the new generation a clean record', () => {
    const scenario = Scenario.serving(1)
    scenario.send(exited(1), exited(2))
    scenario.pass(1000)
    scenario.bootWorker(3)
    scenario.reload()
    scenario.send(ready(4), accepting(4))
    expect(scenario.state.slots[0]?.failures).toBe(0)
    expect(scenario.send(exited(4)).actions).toContainEqual(fork(5, 0, 2))
  })
})

describe('the first new worker', () => {
  it('has to stay ready for a while before the others follow', () => {
    const scenario = Scenario.serving(2, { canaryMs: 5000 })
    scenario.reload()
    scenario.pass(3000)
    expect(scenario.send(ready(3)).actions).toEqual([])
    expect(scenario.pass(4999).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([fork(4, 1, 2)])
  })

  it('is judged by the new settings', () => {
    const scenario = Scenario.serving(1, { canaryMs: 5000 })
    scenario.reload({ canaryMs: 100 })
    scenario.send(ready(2))
    expect(scenario.pass(100).actions).toContainEqual(accept(2))
  })

  it('is replaced when somebody ends it by hand, and the next one has its own time', () => {
    const scenario = Scenario.serving(1, { canaryMs: 5000 })
    scenario.reload()
    scenario.send(ready(2))
    scenario.pass(3000)
    expect(scenario.send(signalled(2)).actions).toEqual([drain(2, 'graceful', GRACE_MS), fork(3, 0, 2)])
    scenario.pass(3000)
    scenario.send(ready(3))
    expect(scenario.pass(4999).actions).toEqual([])
    expect(scenario.pass(1).actions).toContainEqual(accept(3))
  })
})

describe('the number of workers', () => {
  it('follows new settings at the switch, upwards', () => {
    const scenario = Scenario.serving(1, { maxSurge: 8 })
    scenario.reload({ workers: 3 })
    scenario.send(ready(2), ready(3))
    expect(scenario.state.slots).toHaveLength(1)
    scenario.send(ready(4))
    expect(scenario.state.slots).toHaveLength(3)
    expect(scenario.serving).toEqual({ 2: 2, 3: 2, 4: 2 })
  })

  it('follows new settings at the switch, downwards', () => {
    const scenario = Scenario.serving(3)
    scenario.reload({ workers: 1 })
    const { actions } = scenario.send(ready(4))
    expect(actions).toEqual([accept(4), ...[1, 2, 3].map((id) => drain(id, 'graceful', GRACE_MS))])
    expect(scenario.state.slots).toHaveLength(1)
  })

  it('stays what it was scaled to, if the configured one is the same', () => {
    const scenario = Scenario.serving(1)
    scenario.send(scale(1))
    scenario.bootWorker(2)
    expect(scenario.reload().told('reload-started')).toMatchObject([{ workers: 2 }])
  })

  it('can be raised meanwhile, for both generations', () => {
    const scenario = Scenario.serving(1)
    scenario.reload()
    expect(scenario.send(scale(1)).actions).toEqual([fork(3, 1)])
    expect(scenario.send(ready(2)).actions).toEqual([fork(4, 1, 2)])
    scenario.bootWorker(3)
    expect(scenario.send(ready(4)).actions.slice(0, 2)).toEqual([accept(2), accept(4)])
    expect(scenario.state.slots).toHaveLength(2)
  })

  it('can be lowered meanwhile: a new worker without a place leaves, and the others switch', () => {
    const scenario = Scenario.serving(2, { maxSurge: 8 })
    scenario.reload()
    scenario.send(ready(3))
    const follows = scenario.send(scale(-1))
    expect(follows.told('worker-draining')).toMatchObject([
      { worker: 2, reason: 'scaled-down' },
      { worker: 4, reason: 'scaled-down' },
      { worker: 1, reason: 'reloaded' },
    ])
    expect(scenario.serving).toEqual({ 3: 2 })
  })
})
