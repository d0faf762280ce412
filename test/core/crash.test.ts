import { describe, expect, it } from 'vitest'
import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { WorkerId } from '../../packages/supervisor/src/core/types.ts'
import { nextDeadline } from '../../packages/supervisor/src/core/step.ts'
import {
  accepting,
  drain,
  ERROR,
  exited,
  failed,
  fork,
  forked,
  forkFailed,
  kill,
  loaded,
  ready,
  Scenario,
  UNREADY_GRACE_MS,
} from './scenario.ts'

/** The delay before the nth fork after as many failures in a row, before jitter. */
const NOMINAL_MS = [0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000]

describe('a worker that crashes', () => {
  it('is replaced in the same breath, in its slot, under a new id', () => {
    const scenario = Scenario.serving(3)
    scenario.pass(5000)
    const follows = scenario.send(exited(2, 'SIGSEGV'))
    expect(follows.actions).toEqual([fork(4, 1)])
    expect(follows.told('worker-forked')).toMatchObject([{ reason: 'crashed', worker: 4, index: 1 }])
    expect(scenario.workers).toEqual({ 1: 'accepting', 3: 'accepting', 4: 'booting' })
  })

  it('is reported with how it ended, why, and when its replacement comes', () => {
    const scenario = Scenario.serving(2)
    scenario.pass(5000)
    const error = { name: 'RangeError', message: 'Invalid array length' }
    const { reports } = scenario.send({ type: 'threw', worker: 2, error }, exited(2, 7))
    expect(reports[0]).toEqual({
      type: 'worker-exited',
      worker: 2,
      index: 1,
      generation: 1,
      pid: 1002,
      code: 7,
      signal: null,
      reason: null,
      error,
      uptimeMs: 5000,
      restartInMs: 0,
    })
  })

  it('takes no other slot down with it', () => {
    const scenario = Scenario.serving(4)
    const follows = scenario.send(...[1, 2, 3, 4].map((worker) => exited(worker, 'SIGKILL')))
    expect(follows.actions).toEqual([fork(5, 0), fork(6, 1), fork(7, 2), fork(8, 3)])
  })
})

/** What ends a worker that was just forked, and how long that takes. */
const ENDS: readonly (readonly [string, (scenario: Scenario, worker: WorkerId) => void])[] = [
  ['exits', (scenario, worker) => send(scenario, exited(worker))],
  ['cannot be forked', (scenario, worker) => send(scenario, forkFailed(worker))],
  ['says why it cannot boot, and exits later', (scenario, worker) => send(scenario, loaded(worker), failed(worker))],
  ['is never ready', (scenario) => void scenario.pass(60_000)],
  [
    'accepts for a moment and then exits',
    (scenario, worker) => {
      scenario.bootWorker(worker)
      scenario.pass(50)
      scenario.send(exited(worker))
    },
  ],
]

function send(scenario: Scenario, ...events: readonly Event[]): void {
  scenario.send(...events)
}

function current(scenario: Scenario): WorkerId | undefined {
  return scenario.state.workers.find(({ index, phase }) => index === 1 && phase.kind === 'booting')?.id
}

describe.each(ENDS)('a worker that fails again and again, because it %s', (_name, end) => {
  it('is replaced at once, then after 0.1 s, twice as long each time, up to 30 s', () => {
    const scenario = Scenario.serving(2)
    scenario.send(exited(2))
    for (const [failures, nominal] of NOMINAL_MS.entries()) {
      // The crash above was the first failure, and was answered at once.
      if (failures === 0) continue
      const worker = current(scenario)
      if (worker === undefined) throw new Error(`nobody was forked after ${failures} failures`)
      end(scenario, worker)
      expect(current(scenario)).toBeUndefined()
      const delay = scenario.state.slots[1]!.forkAt - scenario.now
      expect(delay).toBeGreaterThanOrEqual(Math.floor(nominal * 0.8))
      expect(delay).toBeLessThanOrEqual(Math.min(30_000, Math.ceil(nominal * 1.2)))
      scenario.pass(delay - 1)
      expect(current(scenario)).toBeUndefined()
      expect(scenario.pass(1).told('worker-forked')).toMatchObject([{ reason: 'crashed', index: 1 }])
    }
  })
})

/** A slot 0 whose worker has failed five times. Returns the worker that boots after that. */
function fallen(scenario: Scenario): WorkerId {
  for (let worker = 1; worker <= 5; worker++) {
    scenario.bootWorker(worker)
    scenario.send(exited(worker))
    scenario.pass(2000)
  }
  return 6
}

describe('the row of failures', () => {
  it('ends when a worker was ready for a minute', () => {
    const scenario = Scenario.serving(1)
    const worker = fallen(scenario)
    scenario.pass(30_000)
    scenario.bootWorker(worker)
    scenario.pass(60_000)
    expect(scenario.send(exited(worker)).actions).toEqual([fork(worker + 1, 0)])
    expect(scenario.send(exited(worker + 1)).told('worker-exited')[0]?.restartInMs).toBeLessThanOrEqual(120)
  })

  it('counts that minute from ready, even if the worker is slow to accept', () => {
    const scenario = Scenario.serving(1)
    const worker = fallen(scenario)
    scenario.send(ready(worker))
    scenario.pass(20_000)
    scenario.send(accepting(worker))
    scenario.pass(40_000)
    expect(scenario.send(exited(worker)).actions).toEqual([fork(worker + 1, 0)])
  })

  it('goes on when a worker was ready for a little less, however long it booted', () => {
    const scenario = Scenario.serving(1)
    const worker = fallen(scenario)
    scenario.pass(30_000)
    scenario.bootWorker(worker)
    scenario.pass(59_999)
    const follows = scenario.send(exited(worker))
    expect(follows.actions).toEqual([])
    expect(follows.told('worker-exited')[0]?.restartInMs).toBeGreaterThanOrEqual(1280)
  })

  it("is each slot's own", () => {
    const scenario = Scenario.serving(2)
    scenario.send(exited(1), exited(3), exited(2))
    expect(scenario.workers).toEqual({ 4: 'booting' })
    expect(scenario.state.workers[0]?.index).toBe(1)
  })
})

describe('the delay before a replacement', () => {
  it('differs between workers that fell together', () => {
    const scenario = Scenario.serving(4)
    scenario.send(...[1, 2, 3, 4].map((worker) => exited(worker)))
    const follows = scenario.send(...[5, 6, 7, 8].map((worker) => exited(worker)))
    const delays = follows.told('worker-exited').map(({ restartInMs }) => restartInMs)
    expect(new Set(delays).size).toBeGreaterThan(1)
    expect(scenario.pass(120).told('worker-forked')).toHaveLength(4)
  })

  it('differs between supervisors', () => {
    const delays = [1, 2, 3, 4].map((seed) => {
      const scenario = Scenario.serving(1, {}, seed)
      return scenario.send(exited(1), exited(2)).told('worker-exited')[1]?.restartInMs
    })
    expect(new Set(delays).size).toBeGreaterThan(1)
  })

  it('is what the report says', () => {
    const scenario = Scenario.serving(1)
    const delay = scenario.send(exited(1), exited(2)).told('worker-exited')[1]?.restartInMs
    expect(nextDeadline(scenario.state)).toBe(scenario.now + Number(delay))
  })
})

describe('a worker that has failed and does not leave', () => {
  it('is killed, and counts as one failure', () => {
    const scenario = Scenario.serving(1)
    scenario.send(exited(1), forked(2))
    const said = scenario.send(failed(2))
    expect(said.actions).toEqual([drain(2, 'graceful', 0)])
    const { forkAt, failures } = scenario.state.slots[0]!
    expect(failures).toBe(2)
    expect(scenario.pass(forkAt - scenario.now).actions).toEqual([fork(3, 0)])
    scenario.bootWorker(3)
    const late = scenario.pass(UNREADY_GRACE_MS)
    expect(late.actions).toEqual([kill(2)])
    expect(late.told('worker-killed')).toMatchObject([{ worker: 2, reason: 'boot-failed' }])
    const gone = scenario.send(exited(2, 'SIGKILL'))
    expect(gone.told('worker-exited')).toMatchObject([{ reason: 'boot-failed', restartInMs: null }])
    expect(scenario.state.slots[0]).toMatchObject({ failures: 2 })
    expect(scenario.workers).toEqual({ 3: 'accepting' })
  })

  it('does not hold its replacement up, nor hasten it by leaving', () => {
    const scenario = Scenario.serving(1)
    scenario.send(exited(1), failed(2, { kind: 'not-listening', error: ERROR }))
    const { forkAt } = scenario.state.slots[0]!
    scenario.pass(20)
    const gone = scenario.send(exited(2))
    expect(gone.actions).toEqual([])
    expect(gone.told('worker-exited')).toMatchObject([{ restartInMs: forkAt - scenario.now }])
    expect(scenario.state.slots[0]).toMatchObject({ forkAt })
  })
})
