import { describe, expect, it } from 'vitest'
import {
  drain,
  exited,
  fork,
  GIVE_UP_MS,
  GRACE_MS,
  kill,
  KILL_MS,
  scale,
  Scenario,
  TERM,
  UNREADY_GRACE_MS,
} from './scenario.ts'

describe('one worker more', () => {
  it('is forked at once, in a slot of its own', () => {
    const scenario = Scenario.serving(2)
    const follows = scenario.send(scale(1))
    expect(follows.actions).toEqual([fork(3, 2)])
    expect(follows.told('scaled')).toEqual([{ type: 'scaled', from: 2, to: 3 }])
    expect(follows.told('worker-forked')).toMatchObject([{ reason: 'scaled-up', worker: 3, index: 2 }])
  })

  it('can be had while the first ones boot', () => {
    const scenario = Scenario.starting(2)
    expect(scenario.send(scale(2)).actions).toEqual([fork(3, 2), fork(4, 3)])
  })

  it('is not had beyond 512', () => {
    const scenario = Scenario.serving(1)
    const some = scenario.send(scale(510))
    expect(some.actions).toHaveLength(510)
    const rest = scenario.send(scale(10))
    expect(rest.actions).toEqual([fork(512, 511)])
    expect(rest.told('scaled')).toEqual([{ type: 'scaled', from: 511, to: 512 }])
    const refused = scenario.send(scale(1))
    expect(refused.actions).toEqual([])
    expect(refused.reports).toEqual([{ type: 'scale-refused', workers: 512, limit: 512 }])
    expect(scenario.state.slots).toHaveLength(512)
  })
})

describe('one worker less', () => {
  it('is the one with the highest index, and it drains', () => {
    const scenario = Scenario.serving(3)
    const follows = scenario.send(scale(-1))
    expect(follows.actions).toEqual([drain(3, 'graceful', GRACE_MS)])
    expect(follows.told('scaled')).toEqual([{ type: 'scaled', from: 3, to: 2 }])
    expect(follows.told('worker-draining')).toMatchObject([{ worker: 3, index: 2, reason: 'scaled-down' }])
    const gone = scenario.send(exited(3, 0))
    expect(gone.actions).toEqual([])
    expect(gone.told('worker-exited')).toMatchObject([{ reason: 'scaled-down', restartInMs: null }])
    expect(scenario.pass(60_000).actions).toEqual([])
  })

  it('is killed and given up in its time if it does not leave', () => {
    const scenario = Scenario.serving(2)
    scenario.send(scale(-1))
    expect(scenario.pass(GRACE_MS + KILL_MS).actions).toEqual([kill(2)])
    expect(scenario.pass(GIVE_UP_MS).told('worker-abandoned')).toMatchObject([{ worker: 2 }])
    expect(scenario.workers).toEqual({ 1: 'accepting' })
  })

  it('is not replaced when it crashes on its way out', () => {
    const scenario = Scenario.serving(2)
    scenario.send(scale(-1))
    const follows = scenario.send(exited(2, 'SIGSEGV'))
    expect(follows.actions).toEqual([])
    expect(follows.told('worker-exited')).toMatchObject([{ signal: 'SIGSEGV', restartInMs: null }])
  })

  it('is not forked any more if it was waiting for its turn after failures', () => {
    const scenario = Scenario.serving(2)
    scenario.send(exited(2), exited(3))
    expect(scenario.state.slots[1]?.forkAt).toBeGreaterThan(scenario.now)
    expect(scenario.send(scale(-1)).actions).toEqual([])
    expect(scenario.pass(60_000).actions).toEqual([])
  })

  it('gets little time if it has not been ready', () => {
    const scenario = Scenario.serving(1)
    scenario.send(scale(1))
    expect(scenario.send(scale(-1)).actions).toEqual([drain(2, 'graceful', 0)])
    expect(scenario.pass(UNREADY_GRACE_MS).actions).toEqual([kill(2)])
  })

  it('is not had below one', () => {
    const scenario = Scenario.serving(3)
    const most = scenario.send(scale(-100))
    expect(most.actions).toEqual([drain(2, 'graceful', GRACE_MS), drain(3, 'graceful', GRACE_MS)])
    expect(most.told('scaled')).toEqual([{ type: 'scaled', from: 3, to: 1 }])
    const refused = scenario.send(scale(-1))
    expect(refused.actions).toEqual([])
    expect(refused.reports).toEqual([{ type: 'scale-refused', workers: 1, limit: 1 }])
    expect(scenario.workers).toMatchObject({ 1: 'accepting' })
  })
})

describe('a change of the number of workers', () => {
  it('down and up again forks a new worker in the slot while the old one drains', () => {
    const scenario = Scenario.serving(2)
    scenario.send(scale(-1))
    scenario.pass(1000)
    expect(scenario.send(scale(1)).actions).toEqual([fork(3, 1)])
    expect(scenario.workers).toEqual({ 1: 'accepting', 2: 'draining', 3: 'booting' })
    scenario.bootWorker(3)
    expect(scenario.send(exited(2, 0)).actions).toEqual([])
    expect(scenario.workers).toEqual({ 1: 'accepting', 3: 'accepting' })
  })

  it('up and down again leaves no one behind', () => {
    const scenario = Scenario.serving(1)
    scenario.send(scale(1))
    expect(scenario.send(scale(-1)).actions).toEqual([drain(2, 'graceful', 0)])
    scenario.send(exited(2, 0))
    expect(scenario.workers).toEqual({ 1: 'accepting' })
    expect(scenario.pass(60_000).actions).toEqual([])
  })

  it('by nothing is nothing', () => {
    const { actions, reports } = Scenario.serving(2).send(scale(0))
    expect([actions, reports]).toEqual([[], []])
  })

  it('is not had in a stop', () => {
    const scenario = Scenario.serving(2)
    scenario.send(TERM)
    const { actions, reports } = scenario.send(scale(1), scale(-1))
    expect([actions, reports]).toEqual([[], []])
  })
})
