import { describe, expect, it } from 'vitest'
import {
  accept,
  accepting,
  BOOT_MS,
  CLOSE,
  drain,
  ERROR,
  exited,
  failed,
  fork,
  forked,
  loaded,
  ready,
  refused,
  scale,
  Scenario,
} from './scenario.ts'

describe('a start', () => {
  it('forks as many workers as were asked for, at once, and says so', () => {
    const scenario = new Scenario(3)
    const { actions, reports } = scenario.send({ type: 'start' })
    expect(actions).toEqual([fork(1, 0), fork(2, 1), fork(3, 2)])
    const common = { type: 'worker-forked', reason: 'boot', generation: 1, pid: null }
    expect(reports).toEqual([
      { type: 'starting', workers: 3 },
      { ...common, worker: 1, index: 0 },
      { ...common, worker: 2, index: 1 },
      { ...common, worker: 3, index: 2 },
    ])
  })

  it('happens once', () => {
    const scenario = Scenario.starting(2)
    const { actions, reports } = scenario.send({ type: 'start' })
    expect([actions, reports]).toEqual([[], []])
  })

  it('does nothing before it was asked for', () => {
    const scenario = new Scenario(2)
    const { actions, reports } = scenario.send({ type: 'tick' }, scale(1), ready(1), exited(1))
    expect([actions, reports]).toEqual([[], []])
    expect(scenario.send({ type: 'start' }).actions).toEqual([fork(1, 0), fork(2, 1)])
  })
})

describe('a worker that boots', () => {
  it('is let accept when it is ready, and only then', () => {
    const scenario = Scenario.starting(2)
    scenario.pass(120)
    expect(scenario.send(loaded(1)).actions).toEqual([])
    scenario.pass(30)
    const { actions, reports } = scenario.send(ready(1))
    expect(actions).toEqual([accept(1)])
    expect(reports).toEqual([{ type: 'worker-ready', afterMs: 150, worker: 1, index: 0, generation: 1, pid: 1001 }])
    expect(scenario.workers).toEqual({ 1: 'ready', 2: 'booting' })
    scenario.send(accepting(1))
    expect(scenario.workers).toEqual({ 1: 'accepting', 2: 'booting' })
  })

  it('need not say that its main module has ended before it is ready', () => {
    expect(Scenario.starting(1).send(ready(1)).actions).toEqual([accept(1)])
  })

  it('is named with its process as soon as that is known', () => {
    const scenario = new Scenario(1)
    scenario.send({ type: 'start' })
    const { reports } = scenario.send(forked(1), failed(1))
    expect(reports[0]).toMatchObject({ type: 'worker-boot-failed', worker: 1, index: 0, pid: 1001 })
  })
})

describe('the report that all workers serve', () => {
  it('comes when the last one accepts', () => {
    const scenario = Scenario.starting(3)
    scenario.pass(200)
    expect(scenario.bootWorker(3).told('serving')).toEqual([])
    expect(scenario.bootWorker(1).told('serving')).toEqual([])
    scenario.pass(100)
    expect(scenario.send(ready(2)).told('serving')).toEqual([])
    expect(scenario.send(accepting(2)).told('serving')).toEqual([{ type: 'serving', workers: 3, afterMs: 300 }])
  })

  it('comes once, whoever is replaced or added later', () => {
    const scenario = Scenario.serving(2)
    const crashed = scenario.send(exited(1, 'SIGKILL'), ready(3), accepting(3))
    const scaled = scenario.send(scale(1), ready(4), accepting(4))
    expect([...crashed.told('serving'), ...scaled.told('serving')]).toEqual([])
    expect(scenario.workers).toEqual({ 2: 'accepting', 3: 'accepting', 4: 'accepting' })
  })

  it('waits for a worker that was added meanwhile', () => {
    const scenario = Scenario.starting(1)
    scenario.send(scale(1))
    expect(scenario.bootWorker(1).told('serving')).toEqual([])
    expect(scenario.bootWorker(2).told('serving')).toMatchObject([{ workers: 2 }])
  })

  it('does not wait for a worker that was taken away meanwhile', () => {
    const scenario = Scenario.starting(2)
    expect(scenario.bootWorker(1).told('serving')).toEqual([])
    expect(scenario.send(scale(-1)).told('serving')).toMatchObject([{ workers: 1 }])
  })

  it('waits for the replacement of a worker that crashed meanwhile', () => {
    const scenario = Scenario.starting(2)
    scenario.bootWorker(1)
    expect(scenario.send(exited(2)).told('serving')).toEqual([])
    expect(scenario.bootWorker(3).told('serving')).toMatchObject([{ workers: 2 }])
  })
})

describe('a boot that fails once somebody serves', () => {
  it('concerns that worker alone', () => {
    const scenario = Scenario.starting(3)
    scenario.bootWorker(2)
    const follows = scenario.send(failed(1))
    expect(follows.actions).toEqual([drain(1, 'graceful', 0), fork(4, 0)])
    expect(follows.told('worker-boot-failed')).toMatchObject([{ worker: 1, failure: { kind: 'threw' } }])
    expect(scenario.workers).toEqual({ 1: 'draining', 2: 'accepting', 3: 'booting', 4: 'booting' })
  })

  it('ends nothing even when the only worker that ever served has gone meanwhile', () => {
    const scenario = Scenario.serving(1)
    scenario.send(exited(1))
    const { actions } = scenario.send(exited(2))
    expect(actions).not.toContainEqual(CLOSE)
    scenario.pass(1000)
    expect(scenario.workers).toEqual({ 3: 'booting' })
  })

  it('is put down to the address that was refused', () => {
    const scenario = Scenario.serving(2)
    scenario.send(exited(1), forked(3))
    const follows = scenario.send(refused(3), exited(3))
    expect(follows.told('worker-boot-failed')).toMatchObject([{ failure: { kind: 'not-listening', error: ERROR } }])
  })

  it('is seen at the boot deadline if the worker says nothing', () => {
    const scenario = Scenario.serving(2)
    scenario.send(scale(1))
    expect(scenario.pass(BOOT_MS - 1).actions).toEqual([])
    const follows = scenario.pass(1)
    expect(follows.actions).toEqual([drain(3, 'graceful', 0), fork(4, 2)])
    const failure = { kind: 'timed-out', afterMs: BOOT_MS, step: 'loading' }
    expect(follows.told('worker-boot-failed')).toMatchObject([{ worker: 3, failure }])
    expect(follows.told('worker-draining')).toMatchObject([{ worker: 3, reason: 'boot-timed-out' }])
  })
})
