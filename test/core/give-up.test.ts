import { describe, expect, it } from 'vitest'
import { accepting, CLOSE, exited, forked, ready, Scenario, THREW, failed, INT } from './scenario.ts'

const SOON = { giveUpMs: 5000 } as const

/** A supervisor whose only worker has died. */
function unserved(settings: { giveUpMs: number } = SOON): Scenario {
  const scenario = Scenario.serving(1, settings)
  scenario.pass(1000)
  scenario.send(exited(1))
  return scenario
}

describe('a supervisor without any worker that is ready', () => {
  it('stops after a while, with what went wrong last', () => {
    const scenario = unserved()
    scenario.pass(1000)
    scenario.send(forked(2), failed(2), exited(2), forked(3))
    const early = scenario.pass(3999)
    expect(early.told('gave-up')).toEqual([])
    const follows = scenario.pass(1)
    expect(follows.told('gave-up')).toEqual([{ type: 'gave-up', afterMs: 5000 }])
    expect(follows.actions).toContainEqual(CLOSE)
    expect(scenario.workers).toEqual({ 3: 'draining' })
    const failure = { kind: 'gave-up', afterMs: 5000, last: THREW }
    expect(scenario.send(exited(3)).actions).toEqual([
      { type: 'finish', outcome: { kind: 'failed', failure, worker: null } },
    ])
  })

  it('goes on for ever if it is to', () => {
    const scenario = unserved({ giveUpMs: 0 })
    scenario.pass(50_000)
    expect(scenario.state.phase.kind).toBe('serving')
  })

  it('starts to count anew whenever one has been ready', () => {
    const scenario = unserved()
    scenario.pass(4999)
    scenario.send(ready(2), exited(2))
    expect(scenario.pass(4999).told('gave-up')).toEqual([])
    expect(scenario.pass(1).told('gave-up')).toHaveLength(1)
  })

  it('goes on if one is ready at the last moment', () => {
    const scenario = unserved()
    scenario.pass(4999)
    scenario.now += 1
    expect(scenario.send(ready(2), accepting(2)).told('gave-up')).toEqual([])
    expect(scenario.pass(60_000).told('gave-up')).toEqual([])
  })

  it('does not count the time for which it was suspended', () => {
    const scenario = unserved()
    scenario.now += 100_000
    expect(scenario.send({ type: 'tick' }).told('gave-up')).toEqual([])
    expect(scenario.pass(5000).told('gave-up')).toHaveLength(1)
  })

  it('stops as it was asked to, if it was', () => {
    const scenario = unserved()
    scenario.send(INT)
    expect(scenario.pass(10_000).told('gave-up')).toEqual([])
    expect(scenario.state.phase).toMatchObject({ outcome: { kind: 'stopped' } })
  })
})

describe('a supervisor that starts', () => {
  it('has deadlines of its own for that', () => {
    const scenario = Scenario.starting(1, SOON)
    expect(scenario.pass(50_000).told('gave-up')).toEqual([])
  })
})

describe('a supervisor one of whose workers is ready', () => {
  it('goes on, whatever becomes of the others', () => {
    const scenario = Scenario.serving(2, SOON)
    scenario.send(exited(1))
    expect(scenario.pass(50_000).told('gave-up')).toEqual([])
  })
})
