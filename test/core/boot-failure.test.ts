import { describe, expect, it } from 'vitest'
import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { BootFailure } from '../../packages/supervisor/src/core/failure.ts'
import {
  accepting,
  BOOT_MS,
  CLOSE,
  drain,
  ERROR,
  exited,
  failed,
  fork,
  forkFailed,
  GIVE_UP_MS,
  GRACE_MS,
  INT,
  kill,
  KILL_MS,
  loaded,
  ready,
  refused,
  Scenario,
  TERM,
  THREW,
  UNREADY_GRACE_MS,
} from './scenario.ts'

describe('the first boot that fails before anybody serves', () => {
  it('ends the supervisor: no new connections, everybody leaves, nobody is forked', () => {
    const scenario = Scenario.starting(3)
    scenario.send(ready(3))
    const follows = scenario.send(failed(2))
    expect(follows.actions).toEqual([CLOSE, drain(2, 'quick', 0), drain(1, 'quick', 0), drain(3, 'quick', GRACE_MS)])
    expect(follows.told('worker-boot-failed')).toMatchObject([{ worker: 2, failure: THREW, pid: 1002 }])
    expect(follows.told('worker-draining')).toMatchObject([
      { worker: 2, reason: 'boot-failed' },
      { worker: 1, reason: 'stop' },
      { worker: 3, reason: 'stop' },
    ])
  })

  it('is the one cause that is told in the end, whatever becomes of the others', () => {
    const scenario = Scenario.starting(3)
    const outcome = { kind: 'failed', failure: THREW, worker: 2 }
    scenario.send(failed(2))
    const other = failed(1, { kind: 'ended', step: 'loaded' })
    const follows = scenario.send(other, refused(3), exited(3), exited(1, 'SIGSEGV'))
    expect(follows.actions).toEqual([])
    expect(follows.told('worker-boot-failed')).toEqual([])
    const last = scenario.send(exited(2))
    expect(last.actions).toEqual([{ type: 'finish', outcome }])
    expect(last.reports.map(({ type }) => type)).toEqual(['worker-exited', 'stopped'])
    expect(last.told('stopped')).toEqual([{ type: 'stopped', outcome }])
    expect(last.told('worker-exited')).toMatchObject([{ reason: 'boot-failed', restartInMs: null }])
  })

  it('has those killed on time that do not leave, according to whether they had clients', () => {
    const scenario = Scenario.starting(3)
    scenario.send(ready(3), failed(2))
    expect(scenario.pass(UNREADY_GRACE_MS - 1).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([kill(1), kill(2)])
    scenario.send(exited(1, 'SIGKILL'), exited(2, 'SIGKILL'))
    expect(scenario.pass(GRACE_MS + KILL_MS - UNREADY_GRACE_MS - 1).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([kill(3)])
    expect(scenario.send(exited(3, 'SIGKILL')).told('stopped')).toMatchObject([{ outcome: { worker: 2 } }])
  })

  it('never gives a worker without clients more than the kill timeout', () => {
    const scenario = Scenario.starting(2, { killTimeoutMs: 300 })
    scenario.send(failed(1))
    expect(scenario.pass(299).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([kill(1), kill(2)])
  })

  it('stays the outcome when a signal forces the end', () => {
    const scenario = Scenario.starting(2)
    scenario.send(failed(1))
    scenario.pass(500)
    const follows = scenario.send(INT)
    expect(follows.actions).toEqual([kill(1), kill(2)])
    expect(follows.told('stop-forced')).toEqual([{ type: 'stop-forced', origin: 'SIGINT', workers: 2 }])
    const end = scenario.send(exited(1), exited(2))
    expect(end.told('stopped')).toEqual([{ type: 'stopped', outcome: { kind: 'failed', failure: THREW, worker: 1 } }])
  })

  it('is nothing any more once a stop has begun', () => {
    const scenario = Scenario.starting(2)
    scenario.send(TERM)
    const follows = scenario.send(failed(1), exited(1), exited(2))
    expect(follows.told('worker-boot-failed')).toEqual([])
    expect(follows.told('stopped')).toEqual([{ type: 'stopped', outcome: { kind: 'stopped' } }])
  })
})

describe('the cause of a failed boot', () => {
  const cases: readonly (readonly [string, readonly Event[], BootFailure])[] = [
    [
      'what the worker says of itself',
      [failed(1, { kind: 'not-servable', found: 'a string', hint: 'Export an app.' })],
      { kind: 'not-servable', found: 'a string', hint: 'Export an app.' },
    ],
    ['the exit code of a process that just ended', [exited(1, 7)], { kind: 'exited', code: 7, signal: null }],
    ['the signal that ended the process', [exited(1, 'SIGKILL')], { kind: 'exited', code: null, signal: 'SIGKILL' }],
    [
      'the address that was refused before the process ended',
      [refused(1), exited(1)],
      { kind: 'not-listening', error: ERROR },
    ],
    ['the system error of a fork', [forkFailed(1)], { kind: 'fork-failed', error: ERROR }],
    ['an exit between ready and accepting', [ready(1), exited(1, 7)], { kind: 'exited', code: 7, signal: null }],
    [
      'a listen that failed after ready',
      [ready(1), failed(1, { kind: 'not-listening', error: ERROR })],
      { kind: 'not-listening', error: ERROR },
    ],
  ]
  it.each(cases)('is %s', (_name, events, failure) => {
    const scenario = Scenario.starting(1)
    const follows = scenario.send(...events)
    expect(follows.told('worker-boot-failed')).toMatchObject([{ worker: 1, failure }])
    const end = scenario.pass(GRACE_MS + KILL_MS + GIVE_UP_MS)
    const outcome = { kind: 'failed', failure, worker: 1 }
    expect([...follows.actions, ...end.actions]).toContainEqual({ type: 'finish', outcome })
  })

  it('is not an address that was refused to a worker which became ready all the same', () => {
    const scenario = Scenario.starting(1)
    const follows = scenario.send(refused(1), ready(1), exited(1, 7))
    expect(follows.told('worker-boot-failed')).toMatchObject([{ failure: { kind: 'exited', code: 7 } }])
  })
})

describe('the boot deadline', () => {
  it.each(['loading', 'loaded'] as const)('ends a start that is still %s, at its time and not before', (phase) => {
    const scenario = Scenario.starting(1)
    if (phase === 'loaded') scenario.send(loaded(1))
    expect(scenario.pass(BOOT_MS - 1).actions).toEqual([])
    const failure = { kind: 'timed-out', afterMs: BOOT_MS, step: phase, detail: null }
    const follows = scenario.pass(1)
    expect(follows.actions).toEqual([CLOSE, drain(1, 'quick', 0)])
    expect(follows.told('worker-boot-failed')).toMatchObject([{ worker: 1, failure }])
    expect(scenario.pass(UNREADY_GRACE_MS).actions).toEqual([kill(1)])
    const end = scenario.send(exited(1, 'SIGKILL'))
    expect(end.actions).toEqual([{ type: 'finish', outcome: { kind: 'failed', failure, worker: 1 } }])
  })

  it('tells one cause when all workers are late at the same time', () => {
    const scenario = Scenario.starting(4)
    const follows = scenario.pass(BOOT_MS)
    expect(follows.told('worker-boot-failed')).toMatchObject([{ worker: 1 }])
    expect(follows.actions).toEqual([CLOSE, ...[1, 2, 3, 4].map((worker) => drain(worker, 'quick', 0))])
  })

  it('is kept by a worker that becomes ready in the last moment', () => {
    const scenario = Scenario.starting(1)
    scenario.now += BOOT_MS
    expect(scenario.send(ready(1), accepting(1)).told('serving')).toHaveLength(1)
    expect(scenario.pass(10 * BOOT_MS).actions).toEqual([])
  })

  it("is each worker's own", () => {
    const scenario = Scenario.serving(1)
    scenario.send(exited(1))
    scenario.pass(40_000)
    scenario.send({ type: 'scale', by: 1 })
    expect(scenario.pass(20_000).told('worker-draining')).toMatchObject([{ worker: 2, reason: 'boot-timed-out' }])
    expect(scenario.pass(40_000).told('worker-draining')).toMatchObject([{ worker: 3, reason: 'boot-timed-out' }])
  })
})

describe('a signal from the terminal that ends a worker which has no handler for it yet', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])('%s is no failure to boot', (signal) => {
    const scenario = Scenario.starting(2)
    const follows = scenario.send(exited(1, signal))
    expect(follows.told('worker-boot-failed')).toEqual([])
    expect(follows.actions).toEqual([fork(3, 0)])
    scenario.send(ready(2))
    expect(scenario.send(exited(2, signal)).actions).toEqual([fork(4, 1)])
    expect(scenario.send(ready(3), accepting(3), ready(4), accepting(4)).told('serving')).toHaveLength(1)
  })
})
