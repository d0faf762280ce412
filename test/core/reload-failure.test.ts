import { describe, expect, it } from 'vitest'
import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { WorkerId } from '../../packages/supervisor/src/core/types.ts'
import {
  accepting,
  BOOT_MS,
  CLOSE,
  drain,
  exited,
  failed,
  filesChecked,
  fork,
  forked,
  forkFailed,
  INT,
  intakeClosed,
  kill,
  NO_GOOD,
  notPrepared,
  ready,
  RELOAD,
  refused,
  scale,
  Scenario,
  TERM,
} from './scenario.ts'

const CHECK_FILES = { type: 'check-files', generation: 1 }

describe('a reload whose configuration is no good', () => {
  it('ends with the cause, and nobody has noticed', () => {
    const scenario = Scenario.serving(2)
    scenario.send(RELOAD)
    const follows = scenario.send(notPrepared(2))
    expect(follows.told('reload-failed')).toEqual([
      { type: 'reload-failed', generation: 2, failure: { kind: 'not-prepared', error: NO_GOOD } },
    ])
    expect(follows.actions).toEqual([CHECK_FILES, { type: 'release-listeners', generation: 1 }])
    expect(scenario.serving).toEqual({ 1: 1, 2: 1 })
  })

  it('can be asked for again', () => {
    const scenario = Scenario.serving(1)
    scenario.send(RELOAD, notPrepared(2))
    expect(scenario.reload().actions).toEqual([fork(2, 0, 3)])
  })
})

/** What ends a worker before it may accept. */
const FAILURES: readonly (readonly [string, (worker: WorkerId) => readonly Event[]])[] = [
  ['exits', (worker) => [forked(worker), exited(worker, 0)]],
  ['is killed', (worker) => [forked(worker), exited(worker, 'SIGKILL')]],
  ['is ended by SIGTERM', (worker) => [forked(worker), exited(worker, 'SIGTERM')]],
  ['cannot be forked', (worker) => [forkFailed(worker)]],
  ['throws', (worker) => [forked(worker), failed(worker)]],
  ['does not get its address', (worker) => [forked(worker), refused(worker), exited(worker)]],
  ['crashes while it waits for the others', (worker) => [forked(worker), ready(worker), exited(worker)]],
]

describe.each(FAILURES)('a new worker that %s', (_name, events) => {
  it('ends the reload, as the first one', () => {
    const scenario = Scenario.serving(3, { canaryMs: 100 })
    scenario.reload()
    const follows = scenario.send(...events(4))
    expect(follows.told('reload-failed')).toMatchObject([{ generation: 2, failure: { kind: 'worker', worker: 4 } }])
    expect(follows.actions.filter(({ type }) => type === 'fork' || type === 'accept')).toEqual([])
    expect(scenario.serving).toEqual({ 1: 1, 2: 1, 3: 1 })
    expect(scenario.rollout).toBeNull()
  })

  it('ends the reload, as the last one, and takes all of its generation with it', () => {
    const scenario = Scenario.serving(3)
    scenario.reload()
    scenario.send(ready(4), ready(5), events(6)[0]!)
    // The last one that waits is let accept in the step in which it is ready.
    const isTooLate = events(6).some(({ type }) => type === 'ready')
    if (isTooLate) return
    const follows = scenario.send(...events(6).slice(1))
    if (events(6).length > 1) expect(follows.told('reload-failed')).toMatchObject([{ failure: { worker: 6 } }])
    expect(scenario.workers).toMatchObject({ 4: 'draining', 5: 'draining' })
    expect(scenario.serving).toEqual({ 1: 1, 2: 1, 3: 1 })
    expect(scenario.state).toMatchObject({ generation: 1, slots: [{ failures: 0 }, { failures: 0 }, { failures: 0 }] })
  })
})

describe('a new worker', () => {
  it('that is not ready in time ends the reload, and is asked to leave once', () => {
    const scenario = Scenario.serving(1)
    scenario.reload()
    scenario.send(forked(2))
    const follows = scenario.pass(BOOT_MS)
    expect(follows.actions).toEqual([drain(2, 'graceful', 0), CHECK_FILES])
    expect(follows.told('reload-failed')).toMatchObject([{ failure: { failure: { kind: 'timed-out' } } }])
  })

  it('is judged by the boot timeout of its own generation', () => {
    const scenario = Scenario.serving(1)
    scenario.reload({ bootTimeoutMs: 500 })
    expect(scenario.pass(499).reports).toEqual([])
    expect(scenario.pass(1).told('reload-failed')).toHaveLength(1)
  })

  it('that hangs while it waits ends the reload, and is killed', () => {
    const scenario = Scenario.serving(2, { timeoutMs: 0 })
    scenario.reload({ timeoutMs: 1000, canaryMs: 60_000 })
    scenario.send(ready(3))
    expect(scenario.pass(1000).actions).toEqual([{ type: 'inspect', worker: 3 }])
    const follows = scenario.send({ type: 'inspected', worker: 3, verdict: { kind: 'native' } })
    expect(follows.actions).toEqual([kill(3), CHECK_FILES])
    expect(follows.told('reload-failed')).toMatchObject([{ failure: { failure: { kind: 'hung', silentMs: 1000 } } }])
  })

  it('is listened for by the timeout of its own generation', () => {
    const scenario = Scenario.serving(1, { timeoutMs: 10_000 })
    scenario.reload({ timeoutMs: 0, canaryMs: 60_000 })
    scenario.send(ready(2))
    for (let second = 0; second < 59; second += 1) {
      scenario.pass(1000)
      scenario.send({ type: 'heartbeat', worker: 1, requests: 0, rss: 0, loopDelayMs: 0 })
    }
    expect(scenario.workers).toMatchObject({ 2: 'standby' })
  })

  it('that does not leave after that is killed, and its addresses are released when it has gone', () => {
    const scenario = Scenario.serving(1)
    scenario.reload()
    scenario.send(forked(2), failed(2))
    expect(scenario.pass(1000).actions).toEqual([kill(2)])
    expect(scenario.send(exited(2, 'SIGKILL')).actions).toEqual([{ type: 'release-listeners', generation: 1 }])
  })
})

describe('an old worker', () => {
  it('that crashes during a reload is replaced within its generation, and the reload goes on', () => {
    const scenario = Scenario.serving(2, { canaryMs: 100 })
    scenario.reload()
    expect(scenario.send(exited(1)).actions).toEqual([fork(4, 0, 1)])
    scenario.send(ready(3))
    scenario.pass(100)
    scenario.send(ready(5))
    expect(scenario.serving).toEqual({ 3: 2, 5: 2 })
    expect(scenario.workers[4]).toBe('draining')
  })

  it('that crashes after a failed reload is replaced within its generation, with a warning of changed files', () => {
    const scenario = Scenario.serving(2)
    scenario.reload()
    scenario.send(failed(3))
    expect(scenario.send(filesChecked(1, '/app.js')).told('drift')).toHaveLength(1)
    const follows = scenario.send(exited(2))
    expect(follows.actions).toEqual([fork(4, 1, 1)])
    expect(follows.told('drift')).toEqual([{ type: 'drift', generation: 1, files: ['/app.js'] }])
  })

  it('that drains when a new one fails is left alone', () => {
    const scenario = Scenario.serving(2)
    scenario.reload()
    scenario.send(scale(-1), ready(3))
    expect(scenario.send(exited(3)).actions).toEqual([fork(4, 0, 2)])
    expect(scenario.state.generation).toBe(2)
  })
})

describe('a crash after the switch', () => {
  it('is replaced from the new generation, and the reload has not failed', () => {
    const scenario = Scenario.serving(1)
    scenario.reload()
    scenario.send(ready(2))
    const follows = scenario.send(exited(2))
    expect(follows.actions).toEqual([fork(3, 0, 2)])
    expect(follows.told('reload-failed')).toEqual([])
    expect(scenario.send(ready(3), accepting(3), intakeClosed(1)).told('reloaded')).toHaveLength(1)
  })
})

const STAGES: readonly (readonly [string, (scenario: Scenario) => void])[] = [
  ['preparing', (scenario) => void scenario.send(RELOAD)],
  ['canary', (scenario) => void scenario.reload({ canaryMs: 500 })],
  ['filling', (scenario) => void [scenario.reload(), scenario.send(ready(3))]],
  ['rolling', (scenario) => void [scenario.reload({ rolling: true }), scenario.send(ready(3))]],
  [
    'rolling-back',
    (scenario) =>
      void [scenario.reload({ rolling: true }), scenario.send(ready(3), accepting(3), exited(1, 0), exited(4))],
  ],
]

describe.each(STAGES)('a stop during a reload that is %s', (stage, begin) => {
  it.each([
    ['SIGTERM', TERM],
    ['SIGINT', INT],
  ])('%s wins: everybody leaves, and the reload has failed', (_name, event) => {
    const scenario = Scenario.serving(2)
    begin(scenario)
    expect(scenario.rollout).toBe(stage)
    const follows = scenario.send(event)
    expect(follows.actions[0]).toEqual(CLOSE)
    expect(follows.told('reload-failed')).toMatchObject([{ failure: { kind: 'stopped' } }])
    expect(Object.values(scenario.workers)).not.toContain('standby')
    expect(Object.values(scenario.workers).every((phase) => phase === 'draining')).toBe(true)
    const late: Event = { type: 'prepared', generation: 2, settings: scenario.state.settings }
    expect(scenario.send(late, RELOAD).actions).toEqual([])
    for (const { id } of scenario.state.workers) scenario.send(exited(id, 0))
    expect(scenario.state.phase.kind).toBe('stopped')
  })
})

describe('a stop after the switch', () => {
  it('lets the reload have succeeded', () => {
    const scenario = Scenario.serving(1)
    scenario.reload()
    scenario.send(ready(2))
    const follows = scenario.send(TERM)
    expect(follows.told('reloaded')).toHaveLength(1)
    expect(follows.told('reload-failed')).toEqual([])
  })
})
