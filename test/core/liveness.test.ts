import { describe, expect, it } from 'vitest'
import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { Verdict } from '../../packages/supervisor/src/core/verdict.ts'
import { beat, drain, fork, kill, ready, Scenario, signalled, TERM } from './scenario.ts'

const TIMEOUT_MS = 2000
const SOON = { timeoutMs: TIMEOUT_MS } as const
const TICK: Event = { type: 'tick' }
const STACK: Verdict = {
  kind: 'stack',
  stack: 'at spin (app.js:3:5)',
  requests: [{ method: 'GET', path: '/', ageMs: 7 }],
}
const inspect = (worker: number): object => ({ type: 'inspect', worker })
const inspected = (worker: number, verdict: Verdict = STACK): Event => ({ type: 'inspected', worker, verdict })

describe('a worker that gives no sign of life', () => {
  it('is looked at when its time is over, once', () => {
    const scenario = Scenario.serving(1, SOON)
    expect(scenario.pass(TIMEOUT_MS - 1).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([inspect(1)])
    expect(scenario.send(TICK, TICK).actions).toEqual([])
    expect(scenario.workers).toEqual({ 1: 'accepting' })
  })

  it.each<Verdict>([STACK, { kind: 'native' }, { kind: 'unavailable', why: 'no answer' }])(
    'is killed and replaced, and named with what was found: $kind',
    (verdict) => {
      const scenario = Scenario.serving(1, SOON)
      scenario.pass(TIMEOUT_MS)
      scenario.now += 90
      const follows = scenario.send(inspected(1, verdict))
      expect(follows.actions).toEqual([kill(1), fork(2, 0)])
      expect(follows.told('worker-hung')).toMatchObject([{ worker: 1, silentMs: TIMEOUT_MS + 90, verdict }])
      expect(follows.told('worker-killed')).toMatchObject([{ worker: 1, reason: 'hung' }])
      expect(scenario.state.slots[0]).toMatchObject({ failures: 1 })
    },
  )

  it('is killed even if the look at it never comes to an end', () => {
    const scenario = Scenario.serving(1, SOON)
    scenario.pass(TIMEOUT_MS)
    expect(scenario.pass(4999).actions).toEqual([])
    const follows = scenario.pass(1)
    expect(follows.actions).toEqual([kill(1), fork(2, 0)])
    expect(follows.told('worker-hung')).toMatchObject([{ verdict: { kind: 'unavailable' } }])
    expect(scenario.send(inspected(1)).reports).toEqual([])
  })

  it('is left alone if it goes on meanwhile, and that is said', () => {
    const scenario = Scenario.serving(1, SOON)
    scenario.pass(TIMEOUT_MS)
    scenario.now += 50
    expect(scenario.send(beat(1)).actions).toEqual([])
    const follows = scenario.send(inspected(1))
    expect(follows.actions).toEqual([])
    expect(follows.told('worker-recovered')).toMatchObject([{ silentMs: TIMEOUT_MS + 50, verdict: STACK }])
    expect(scenario.pass(TIMEOUT_MS).actions).toEqual([inspect(1)])
  })

  it('is left alone if the look finds it at rest, though it has not been heard since', () => {
    const scenario = Scenario.serving(1, SOON)
    scenario.pass(TIMEOUT_MS)
    const follows = scenario.send(inspected(1, { kind: 'idle' }))
    expect(follows.actions).toEqual([])
    expect(follows.told('worker-recovered')).toMatchObject([{ worker: 1, silentMs: TIMEOUT_MS }])
    expect(scenario.pass(TIMEOUT_MS).actions).toEqual([inspect(1)])
  })

  it('is left alone while it is debugged, and looked at again later', () => {
    const scenario = Scenario.serving(1, SOON)
    scenario.pass(TIMEOUT_MS)
    const follows = scenario.send(inspected(1, { kind: 'debugged' }))
    expect(follows.actions).toEqual([])
    expect(follows.told('worker-debugged')).toMatchObject([{ worker: 1, silentMs: TIMEOUT_MS }])
    expect(scenario.pass(TIMEOUT_MS).actions).toEqual([inspect(1)])
  })

  it('is looked at once at a time, even if it goes on and stops again meanwhile', () => {
    const scenario = Scenario.serving(1, { timeoutMs: 500 })
    scenario.pass(500)
    scenario.send(beat(1))
    expect(scenario.pass(500).actions).toEqual([])
    expect(scenario.send(inspected(1)).actions).toEqual([kill(1), fork(2, 0)])
  })
})

describe('nobody is taken to hang', () => {
  it('who beats', () => {
    const scenario = Scenario.serving(1, SOON)
    for (let round = 0; round < 10; round++) {
      expect(scenario.pass(TIMEOUT_MS - 1).actions).toEqual([])
      scenario.send(beat(1))
    }
  })

  it('with a timeout of 0', () => {
    const scenario = Scenario.serving(1, { timeoutMs: 0 })
    expect(scenario.pass(3_600_000).actions).toEqual([])
  })

  it('who boots: that has a deadline of its own', () => {
    const scenario = Scenario.starting(1, SOON)
    expect(scenario.pass(30_000).actions).toEqual([])
    scenario.send(ready(1))
    expect(scenario.pass(TIMEOUT_MS).actions).toEqual([inspect(1)])
  })

  it('who drains: so has that', () => {
    const scenario = Scenario.serving(1, SOON)
    scenario.pass(TIMEOUT_MS)
    scenario.send(signalled(1))
    expect(scenario.send(inspected(1)).actions).toEqual([])
    expect(scenario.pass(20_000).actions).toEqual([])
    expect(scenario.workers).toMatchObject({ 1: 'draining' })
  })

  it('in a stop', () => {
    const scenario = Scenario.serving(1, SOON)
    expect(scenario.send(TERM).actions).toContainEqual(drain(1, 'graceful', 30_000))
    expect(scenario.pass(30_000).actions).toEqual([])
  })
})

describe('a first worker that hangs before it accepts', () => {
  it('is a boot that has failed, and ends the start', () => {
    const scenario = Scenario.starting(1, SOON)
    scenario.send(ready(1))
    scenario.pass(TIMEOUT_MS)
    const follows = scenario.send(inspected(1))
    expect(follows.told('worker-boot-failed')).toMatchObject([{ failure: { kind: 'hung', silentMs: TIMEOUT_MS } }])
    expect(follows.actions).toEqual([kill(1), { type: 'close-listeners' }])
  })
})

describe('a supervisor that was suspended', () => {
  it('looks at nobody, and everybody has all of the time again', () => {
    const scenario = Scenario.serving(2, SOON)
    scenario.now += TIMEOUT_MS + 1001
    expect(scenario.send(TICK).actions).toEqual([])
    expect(scenario.pass(TIMEOUT_MS - 1).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([inspect(1), inspect(2)])
  })

  it('forgives whoever was being looked at', () => {
    const scenario = Scenario.serving(1, SOON)
    scenario.pass(TIMEOUT_MS)
    scenario.now += 5000 + 1001
    expect(scenario.send(inspected(1)).actions).toEqual([])
    expect(scenario.workers).toEqual({ 1: 'accepting' })
  })

  it('forgives those that boot, whatever it hears first', () => {
    const scenario = Scenario.starting(2, { bootTimeoutMs: 3000 })
    scenario.now += 3000 + 1001
    expect(scenario.send(ready(1)).told('worker-boot-failed')).toEqual([])
    expect(scenario.pass(2999).told('worker-boot-failed')).toEqual([])
  })

  it('is not one that was only busy', () => {
    const scenario = Scenario.serving(1, SOON)
    scenario.now += TIMEOUT_MS + 250
    expect(scenario.send(TICK).actions).toEqual([inspect(1)])
  })
})
