import { describe, expect, it } from 'vitest'
import { drain, exited, INT, kill, KILL_MS, Scenario, signalled } from './scenario.ts'

/** How many workers may drain for each that serves. */
const MOST = 8

/** A supervisor of one worker, of which so many drain: their ids are 1 to `count`. */
function crowded(count: number): Scenario {
  const scenario = Scenario.serving(1)
  for (let worker = 1; worker <= count; worker++) {
    scenario.pass(10)
    scenario.send(signalled(worker))
    scenario.bootWorker(worker + 1)
  }
  return scenario
}

describe('workers that drain', () => {
  it('are left alone up to a limit', () => {
    const scenario = crowded(MOST)
    expect(scenario.pass(KILL_MS).actions).toEqual([])
  })

  it('make room above it, the oldest first, and once', () => {
    const scenario = crowded(MOST)
    const follows = scenario.send(signalled(MOST + 1))
    expect(follows.actions).toContainEqual(drain(1, 'quick', 0))
    expect(follows.told('worker-crowded-out')).toMatchObject([{ worker: 1, draining: MOST + 1 }])
    const later = scenario.pass(KILL_MS - 1)
    expect(later.told('worker-crowded-out')).toEqual([])
    expect(scenario.pass(1).actions).toEqual([kill(1)])
  })

  it('have room again when one has gone', () => {
    const scenario = crowded(MOST)
    scenario.send(exited(3, 0))
    expect(scenario.send(signalled(MOST + 1)).told('worker-crowded-out')).toEqual([])
  })

  it('never were ready: they have a second anyway, and do not count', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1))
    for (let worker = 2; worker < 20; worker++) scenario.send(signalled(worker))
    expect(scenario.pass(0).told('worker-crowded-out')).toEqual([])
  })

  it('are not thinned out in a stop: it has its own times', () => {
    const scenario = crowded(MOST)
    const follows = scenario.send(INT)
    expect(follows.told('worker-crowded-out')).toEqual([])
  })
})
