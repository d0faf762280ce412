import { describe, expect, it } from 'vitest'
import {
  accept,
  accepting,
  CLOSE,
  drain,
  exited,
  fork,
  forked,
  GRACE_MS,
  INT,
  kill,
  ready,
  RELOAD,
  scale,
  Scenario,
  TERM,
} from './scenario.ts'

const DELAY_MS = 5000
const DELAYED = { shutdownDelayMs: DELAY_MS } as const
const unready = (worker: number): object => ({ type: 'unready', worker })

describe('a stop that is delayed', () => {
  it('begins with workers that are not ready any more, and serve on', () => {
    const scenario = Scenario.serving(2, DELAYED)
    const follows = scenario.send(TERM)
    expect(follows.actions).toEqual([unready(1), unready(2)])
    expect(follows.reports).toEqual([{ type: 'shutdown-delayed', origin: 'SIGTERM', forMs: DELAY_MS }])
    expect(scenario.pass(DELAY_MS - 1).actions).toEqual([])
    expect(scenario.serving).toEqual({ 1: 1, 2: 1 })
  })

  it('goes on as any other when its time has come', () => {
    const scenario = Scenario.serving(1, DELAYED)
    scenario.send(TERM)
    const follows = scenario.pass(DELAY_MS)
    expect(follows.actions).toEqual([CLOSE, drain(1, 'graceful', GRACE_MS)])
    expect(follows.told('stopping')).toMatchObject([{ mode: 'graceful', origin: 'SIGTERM' }])
  })

  it('replaces who crashes meanwhile, by a worker that is not ready for balancers either', () => {
    const scenario = Scenario.serving(1, DELAYED)
    scenario.send(TERM)
    expect(scenario.send(exited(1)).actions).toEqual([fork(2, 0)])
    expect(scenario.send(forked(2), ready(2)).actions).toEqual([unready(2), accept(2)])
  })

  it('keeps workers that the signal has reached too, as part of the process group', () => {
    const scenario = Scenario.serving(1, DELAYED)
    scenario.send(TERM)
    const follows = scenario.send({ type: 'signalled', worker: 1, signal: 'SIGTERM' })
    expect([follows.actions, follows.reports]).toEqual([[], []])
    expect(scenario.serving).toEqual({ 1: 1 })
  })

  it('can be scaled, but not reloaded', () => {
    const scenario = Scenario.serving(1, DELAYED)
    scenario.send(TERM)
    const refused = scenario.send(RELOAD)
    expect([refused.actions, refused.reports]).toEqual([[], []])
    expect(scenario.send(scale(1)).actions).toEqual([fork(2, 1)])
  })

  it('ends a reload, and those that nobody will ever let accept', () => {
    const scenario = Scenario.serving(2, DELAYED)
    scenario.reload()
    scenario.send(ready(3))
    const follows = scenario.send(TERM)
    expect(follows.told('reload-failed')).toMatchObject([{ failure: { kind: 'stopped' } }])
    expect(follows.actions).toEqual([drain(3, 'graceful', GRACE_MS), drain(4, 'graceful', 0), unready(1), unready(2)])
  })

  it('is skipped while nobody serves', () => {
    const scenario = Scenario.starting(1, DELAYED)
    expect(scenario.send(TERM).actions).toEqual([CLOSE, drain(1, 'graceful', 0)])
  })
})

describe('a second signal in the delay', () => {
  it.each([
    ['SIGTERM', TERM],
    ['SIGINT', INT],
  ])('%s ends everything at once', (_name, event) => {
    const scenario = Scenario.serving(2, DELAYED)
    scenario.send(TERM)
    scenario.pass(250)
    const follows = scenario.send(event)
    const drains = [drain(1, 'quick', GRACE_MS), drain(2, 'quick', GRACE_MS)]
    expect(follows.actions).toEqual([CLOSE, ...drains, kill(1), kill(2)])
    const last = scenario.send(exited(1, 'SIGKILL'), exited(2, 'SIGKILL'))
    expect(last.actions).toEqual([{ type: 'finish', outcome: { kind: 'forced' } }])
  })

  it('within the same press of a key does nothing', () => {
    const scenario = Scenario.serving(1, DELAYED)
    scenario.send(TERM)
    scenario.pass(249)
    expect(scenario.send(TERM).actions).toEqual([])
    expect(scenario.state.phase.kind).toBe('delaying')
  })
})

describe('SIGINT', () => {
  it('skips the delay', () => {
    const scenario = Scenario.serving(1, DELAYED)
    expect(scenario.send(INT).actions).toEqual([CLOSE, drain(1, 'quick', GRACE_MS)])
  })
})

describe('the first worker that serves', () => {
  it('has stops delayed from then on', () => {
    const scenario = Scenario.starting(2, DELAYED)
    scenario.send(ready(1), accepting(1))
    expect(scenario.send(TERM).actions).toEqual([unready(1)])
  })
})
