import { describe, expect, it } from 'vitest'
import type { Settings } from '../../packages/supervisor/src/core/types.ts'
import {
  accept,
  accepting,
  beat,
  drain,
  exited,
  failed,
  filesChecked,
  fork,
  GRACE_MS,
  prepare,
  ready,
  RELOAD,
  scale,
  Scenario,
  TERM,
} from './scenario.ts'

const CHECK_FILES = { type: 'check-files', generation: 1 }
const NOTHING_CHANGED = filesChecked(1)

/** A supervisor of which the first worker is due. */
function exhausted(workers: number, settings: Partial<Settings> = {}): Scenario {
  const scenario = Scenario.serving(workers, { maxRequests: 10, ...settings })
  scenario.send(beat(1, { requests: 10 }))
  return scenario
}

const forkOf = (worker: number, index: number): object => ({ ...fork(worker, index), requestLimit: 10 })

describe('a worker that has reached a limit', () => {
  it('is recycled after so many requests, and was told the number', () => {
    const scenario = Scenario.serving(1, { maxRequests: 10 })
    expect(scenario.send(beat(1, { requests: 9 })).actions).toEqual([])
    expect(scenario.send(beat(1, { requests: 10 })).actions).toEqual([CHECK_FILES])
    const follows = scenario.send(NOTHING_CHANGED)
    expect(follows.actions).toEqual([forkOf(2, 0)])
    expect(follows.told('worker-recycling')).toMatchObject([{ worker: 1, reason: 'max-requests', value: 10 }])
    expect(follows.told('worker-forked')).toMatchObject([{ worker: 2, reason: 'recycle' }])
  })

  it('is recycled when it is old, without being asked', () => {
    const scenario = Scenario.serving(1, { maxAgeMs: 5000 })
    expect(scenario.pass(4999).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([CHECK_FILES])
    const follows = scenario.send(NOTHING_CHANGED)
    expect(follows.told('worker-recycling')).toMatchObject([{ reason: 'max-age', value: 5000 }])
  })

  it.each([
    ['max-memory', { maxMemory: 100 }, { rss: 101 }, { rss: 100 }, 101],
    ['max-loop-delay', { maxLoopDelayMs: 50 }, { loopDelayMs: 51 }, { loopDelayMs: 50 }, 51],
  ] as const)('is recycled for %s only after three samples in a row', (reason, settings, above, below, value) => {
    const scenario = Scenario.serving(1, settings)
    const samples = [above, above, below, above, above].map((told) => beat(1, told))
    expect(scenario.send(...samples).actions).toEqual([])
    expect(scenario.send(beat(1, above)).actions).toEqual([CHECK_FILES])
    expect(scenario.send(NOTHING_CHANGED).told('worker-recycling')).toMatchObject([{ reason, value }])
  })

  it('stays due even if the next sample is below the limit', () => {
    const scenario = Scenario.serving(1, { maxMemory: 100 })
    scenario.send(beat(1, { rss: 200 }), beat(1, { rss: 200 }), beat(1, { rss: 200 }), beat(1))
    expect(scenario.send(NOTHING_CHANGED).told('worker-recycling')).toHaveLength(1)
  })
})

describe('the jitter of the number of requests', () => {
  it('differs between workers, and stays in its range', () => {
    const scenario = Scenario.starting(60, { maxRequests: 100, maxRequestsJitter: 3 })
    const limits = scenario.state.workers.map(({ requestLimit }) => Number(requestLimit))
    expect(Math.min(...limits)).toBe(100)
    expect(Math.max(...limits)).toBe(103)
    expect(new Set(limits).size).toBe(4)
  })

  it('is what the worker is held to', () => {
    const scenario = Scenario.serving(1, { maxRequests: 100, maxRequestsJitter: 1000 })
    const limit = Number(scenario.state.workers[0]?.requestLimit)
    expect(limit).toBeGreaterThan(100)
    expect(scenario.send(beat(1, { requests: limit - 1 })).actions).toEqual([])
    expect(scenario.send(beat(1, { requests: limit })).actions).toEqual([CHECK_FILES])
  })
})

describe('a worker that is recycled', () => {
  it('serves until its successor accepts', () => {
    const scenario = exhausted(2)
    scenario.send(NOTHING_CHANGED)
    expect(scenario.send(ready(3)).actions).toEqual([accept(3)])
    expect(scenario.serving).toEqual({ 1: 1, 2: 1, 3: 1 })
    const follows = scenario.send(accepting(3))
    expect(follows.actions).toEqual([drain(1, 'graceful', GRACE_MS)])
    expect(follows.told('worker-draining')).toMatchObject([{ worker: 1, reason: 'recycled' }])
    expect(scenario.send(exited(1, 0)).actions).toEqual([])
    expect(scenario.state.forks).toMatchObject({ recycle: 1 })
  })

  it('is the only one: the next one waits until it has gone', () => {
    const scenario = exhausted(2)
    scenario.send(NOTHING_CHANGED, beat(2, { requests: 10 }), ready(3), accepting(3))
    expect(scenario.workers).toEqual({ 1: 'draining', 2: 'accepting', 3: 'accepting' })
    expect(scenario.send(exited(1, 0)).actions).toEqual([forkOf(4, 1)])
  })

  it('that crashes meanwhile leaves its slot to the one that boots', () => {
    const scenario = exhausted(1)
    scenario.send(NOTHING_CHANGED)
    expect(scenario.send(exited(1)).actions).toEqual([])
    expect(scenario.send(ready(2), accepting(2)).actions).toEqual([accept(2)])
    expect(scenario.workers).toEqual({ 2: 'accepting' })
  })

  it('leaves with its successor if its slot goes', () => {
    const scenario = Scenario.serving(2, { maxRequests: 10 })
    scenario.send(beat(2, { requests: 10 }), NOTHING_CHANGED)
    const follows = scenario.send(scale(-1))
    expect(follows.told('worker-draining')).toMatchObject([
      { worker: 2, reason: 'scaled-down' },
      { worker: 3, reason: 'scaled-down' },
    ])
  })
})

describe('a successor that fails', () => {
  it('leaves the old one in service, and is tried again, later and later', () => {
    const scenario = exhausted(1)
    scenario.send(NOTHING_CHANGED)
    expect(scenario.send(failed(2), exited(2)).actions).toContainEqual(forkOf(3, 0))
    scenario.send(failed(3), exited(3))
    expect(scenario.workers).toEqual({ 1: 'accepting' })
    const delay = scenario.state.slots[0]!.forkAt - scenario.now
    expect(delay).toBeGreaterThanOrEqual(80)
    expect(scenario.pass(delay - 1).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([forkOf(4, 0)])
  })

  it('does not keep the turn from another worker that is due', () => {
    const scenario = exhausted(2)
    scenario.send(NOTHING_CHANGED, beat(2, { requests: 10 }), exited(3))
    expect(scenario.workers).toMatchObject({ 4: 'booting' })
    expect(scenario.send(exited(4)).actions).toEqual([forkOf(5, 1)])
  })
})

describe('files that have changed on the disk', () => {
  it('make recycling pause, and are looked at again after a minute', () => {
    const scenario = exhausted(1)
    const follows = scenario.send(filesChecked(1, '/app.js'))
    expect(follows.actions).toEqual([])
    expect(follows.told('drift')).toEqual([{ type: 'drift', generation: 1, files: ['/app.js'] }])
    expect(scenario.pass(59_999).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([CHECK_FILES])
    expect(scenario.send(NOTHING_CHANGED).actions).toEqual([forkOf(2, 0)])
  })

  it('are looked at anew for the next worker, if that is due much later', () => {
    const scenario = exhausted(1)
    scenario.send(NOTHING_CHANGED, ready(2), accepting(2), exited(1, 0))
    scenario.pass(5000)
    expect(scenario.send(beat(2, { requests: 10 })).actions).toEqual([CHECK_FILES])
  })

  it('of another generation say nothing', () => {
    const scenario = exhausted(1)
    expect(scenario.send(filesChecked(2)).actions).toEqual([])
    expect(scenario.send(NOTHING_CHANGED, NOTHING_CHANGED).actions).toEqual([forkOf(2, 0)])
  })
})

describe('nobody is recycled', () => {
  it('during a reload: it renews everybody', () => {
    const scenario = Scenario.serving(1, { maxRequests: 10 })
    scenario.send(RELOAD)
    expect(scenario.send(beat(1, { requests: 10 })).actions).toEqual([])
    scenario.prepared()
    expect(scenario.send(ready(2), accepting(2), exited(1, 0)).actions).not.toContainEqual(CHECK_FILES)
    expect(scenario.state.workers[0]?.due).toBeNull()
  })

  it('if a reload begins while the files are looked at', () => {
    const scenario = exhausted(1)
    expect(scenario.send(RELOAD, NOTHING_CHANGED).actions).toEqual([prepare(2)])
  })

  it('in a stop', () => {
    const scenario = exhausted(1)
    scenario.send(TERM)
    expect(scenario.send(NOTHING_CHANGED).actions).toEqual([])
  })
})
