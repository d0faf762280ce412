import { describe, expect, it } from 'vitest'
import {
  accepting,
  CLOSE,
  drain,
  exited,
  fork,
  forked,
  GIVE_UP_MS,
  GRACE_MS,
  kill,
  KILL_MS,
  ready,
  Scenario,
  signalled,
  UNREADY_GRACE_MS,
} from './scenario.ts'

describe('a worker that is sent SIGTERM', () => {
  it('drains, and is replaced at once in its slot', () => {
    const scenario = Scenario.serving(2)
    const follows = scenario.send(signalled(1))
    expect(follows.actions).toEqual([drain(1, 'graceful', GRACE_MS), fork(3, 0)])
    expect(follows.told('worker-draining')).toMatchObject([{ worker: 1, pid: 1001, reason: 'signalled' }])
    expect(follows.told('worker-forked')).toMatchObject([{ worker: 3, index: 0, reason: 'replaced' }])
    expect(scenario.workers).toEqual({ 1: 'draining', 2: 'accepting', 3: 'booting' })
  })

  it('has not failed by that, so that the next crash in its slot is still answered at once', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1))
    const follows = scenario.send(exited(1, 0))
    expect(follows.told('worker-exited')).toMatchObject([{ reason: 'signalled', restartInMs: null }])
    expect(scenario.state.slots[0]).toMatchObject({ failures: 0 })
    expect(scenario.send(exited(2)).actions).toEqual([fork(3, 0)])
  })

  it('has not failed even when it has to be killed', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1))
    scenario.bootWorker(2)
    scenario.pass(GRACE_MS + KILL_MS)
    expect(scenario.send(exited(1, 'SIGKILL')).actions).toEqual([])
    expect(scenario.state.slots[0]).toMatchObject({ failures: 0 })
  })

  it('leaves only once, however often it is sent', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1))
    expect(scenario.send(signalled(1), signalled(1)).actions).toEqual([])
  })

  it('has no client to lose while it boots, and its boot has not failed', () => {
    const scenario = Scenario.starting(2)
    const follows = scenario.send(signalled(1), exited(1, 0))
    expect(follows.actions).toEqual([drain(1, 'graceful', 0), fork(3, 0)])
    expect(follows.told('worker-boot-failed')).toEqual([])
    expect(scenario.bootWorker(2).actions).not.toContainEqual(CLOSE)
  })

  it('leaves the pause after failures to its replacement', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1), exited(2), exited(3))
    const { forkAt } = scenario.state.slots[0]!
    expect(forkAt).toBeGreaterThan(scenario.now)
    // Neither another signal nor its exit makes that shorter.
    expect(scenario.send(signalled(1), exited(1, 0)).actions).toEqual([])
    expect(scenario.pass(forkAt - scenario.now - 1).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([fork(4, 0)])
  })
})

describe('a worker that leaves while its replacement is overdue', () => {
  it('is reported with a replacement that comes now', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1), exited(2), exited(3))
    scenario.now += 10_000
    const follows = scenario.send(exited(1, 0))
    expect(follows.told('worker-exited')).toMatchObject([{ worker: 1, restartInMs: 0 }])
    expect(follows.actions).toEqual([fork(4, 0)])
  })
})

describe('a worker that is sent another signal', () => {
  it.each(['SIGINT', 'SIGHUP', 'SIGQUIT'])('%s goes on: it was meant for the whole group', (signal) => {
    const scenario = Scenario.serving(1)
    expect(scenario.send(signalled(1, signal)).actions).toEqual([])
    expect(scenario.workers).toEqual({ 1: 'accepting' })
  })
})

describe('a worker that does not leave', () => {
  it('is killed when its requests and its exit handlers have had their time, and not before', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1))
    scenario.bootWorker(2)
    expect(scenario.pass(GRACE_MS + KILL_MS - 1).actions).toEqual([])
    const follows = scenario.pass(1)
    expect(follows.actions).toEqual([kill(1)])
    expect(follows.told('worker-killed')).toMatchObject([{ worker: 1, index: 0, pid: 1001, reason: 'signalled' }])
    expect(scenario.workers).toEqual({ 1: 'killed', 2: 'accepting' })
  })

  it('is killed soon if it never was ready', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1), forked(2), signalled(2))
    expect(scenario.pass(UNREADY_GRACE_MS - 1).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([kill(2)])
  })

  it('is killed at once if it gets no time at all', () => {
    const scenario = Scenario.serving(1, { gracefulTimeoutMs: 0, killTimeoutMs: 0 })
    expect(scenario.send(signalled(1)).actions).toEqual([drain(1, 'graceful', 0), kill(1), fork(2, 0)])
  })

  it('is reported with why it left when it ends by the kill', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1))
    scenario.pass(GRACE_MS + KILL_MS)
    const follows = scenario.send(exited(1, 'SIGKILL'))
    expect(follows.told('worker-exited')).toMatchObject([{ worker: 1, signal: 'SIGKILL', reason: 'signalled' }])
    expect(scenario.workers).toEqual({ 2: 'booting' })
  })
})

describe('a worker that even SIGKILL does not end', () => {
  it('is given up after a while, and said to be', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1))
    scenario.bootWorker(2)
    scenario.pass(GRACE_MS + KILL_MS)
    expect(scenario.pass(GIVE_UP_MS - 1).reports).toEqual([])
    const follows = scenario.pass(1)
    expect(follows.reports).toEqual([{ type: 'worker-abandoned', worker: 1, index: 0, generation: 1, pid: 1001 }])
    expect(scenario.workers).toEqual({ 2: 'accepting' })
  })

  it('is nobody any more if it ends after all', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1))
    scenario.bootWorker(2)
    scenario.pass(GRACE_MS + KILL_MS + GIVE_UP_MS)
    const { state } = scenario
    const { actions, reports } = scenario.send(ready(1), accepting(1), exited(1, 'SIGKILL'))
    expect([actions, reports]).toEqual([[], []])
    expect(scenario.state).toEqual(state)
  })
})
