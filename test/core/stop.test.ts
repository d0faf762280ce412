import { describe, expect, it } from 'vitest'
import {
  CLOSE,
  drain,
  exited,
  fork,
  forked,
  forkFailed,
  GIVE_UP_MS,
  GRACE_MS,
  INT,
  kill,
  KILL_MS,
  ready,
  scale,
  Scenario,
  signalled,
  TERM,
  UNREADY_GRACE_MS,
} from './scenario.ts'

const STOPPED = { type: 'finish', outcome: { kind: 'stopped' } }
const FORCED = { type: 'finish', outcome: { kind: 'forced' } }

describe('a stop', () => {
  it('closes the listeners first, and then has everybody drain', () => {
    const scenario = Scenario.serving(2)
    const follows = scenario.send(TERM)
    expect(follows.actions).toEqual([CLOSE, drain(1, 'graceful', GRACE_MS), drain(2, 'graceful', GRACE_MS)])
    expect(follows.told('stopping')).toEqual([{ type: 'stopping', mode: 'graceful', origin: 'SIGTERM', workers: 2 }])
    expect(follows.told('worker-draining')).toMatchObject([
      { worker: 1, reason: 'stop' },
      { worker: 2, reason: 'stop' },
    ])
  })

  it('passes on that it is to be quick', () => {
    const scenario = Scenario.serving(1)
    const follows = scenario.send(INT)
    expect(follows.actions).toEqual([CLOSE, drain(1, 'quick', GRACE_MS)])
    expect(follows.told('stopping')).toMatchObject([{ mode: 'quick', origin: 'SIGINT' }])
  })

  it('ends when the last worker has, once', () => {
    const scenario = Scenario.serving(2)
    scenario.send(TERM)
    expect(scenario.send(exited(2, 0)).actions).toEqual([])
    const last = scenario.send(exited(1, 0))
    expect(last.actions).toEqual([STOPPED])
    expect(last.told('worker-exited')).toMatchObject([{ worker: 1, reason: 'stop', restartInMs: null }])
    expect(last.reports.at(-1)).toEqual({ type: 'stopped', outcome: { kind: 'stopped' } })
    const { state } = scenario
    const { actions, reports } = scenario.send(TERM, scale(1), { type: 'start' }, exited(1, 0), { type: 'tick' })
    expect([actions, reports]).toEqual([[], []])
    expect(scenario.state).toBe(state)
  })

  it('replaces nobody, however its workers end', () => {
    const scenario = Scenario.serving(3)
    scenario.send(TERM)
    const follows = scenario.send(exited(1, 'SIGSEGV'), exited(2, 1), signalled(3), exited(3, 0))
    expect(follows.actions).toEqual([STOPPED])
    expect(follows.told('worker-boot-failed')).toEqual([])
  })

  it('before the start ends at once', () => {
    const scenario = new Scenario(2)
    expect(scenario.send(TERM).actions).toEqual([CLOSE, STOPPED])
    expect(scenario.send({ type: 'start' }).actions).toEqual([])
  })

  it('during the boot gives nobody a failed boot, nor time for requests', () => {
    const scenario = Scenario.starting(3)
    scenario.send(ready(2))
    expect(scenario.send(TERM).actions).toEqual([
      CLOSE,
      drain(1, 'graceful', 0),
      drain(2, 'graceful', GRACE_MS),
      drain(3, 'graceful', 0),
    ])
    expect(scenario.pass(UNREADY_GRACE_MS).actions).toEqual([kill(1), kill(3)])
    const end = scenario.send(exited(1, 'SIGKILL'), exited(2, 0), exited(3, 'SIGKILL'))
    expect(end.actions).toEqual([STOPPED])
    expect(end.told('worker-boot-failed')).toEqual([])
  })

  it('during the boot covers a fork that fails afterwards', () => {
    const scenario = new Scenario(2)
    scenario.send({ type: 'start' }, TERM)
    expect(scenario.send(forkFailed(1), forkFailed(2)).actions).toEqual([STOPPED])
  })

  it('at the boot deadline is a stop, not a failure', () => {
    const scenario = Scenario.starting(2)
    scenario.now += 60_000
    const follows = scenario.send(TERM)
    expect(follows.told('worker-boot-failed')).toEqual([])
    expect(scenario.send(exited(1), exited(2)).actions).toEqual([STOPPED])
  })

  it('during a drain waits for that worker too, and no longer than it was given', () => {
    const scenario = Scenario.serving(2)
    scenario.send(signalled(1))
    scenario.pass(10_000)
    const follows = scenario.send(TERM)
    expect(follows.actions).toEqual([CLOSE, drain(2, 'graceful', GRACE_MS), drain(3, 'graceful', 0)])
    expect(follows.told('stopping')).toMatchObject([{ workers: 3 }])
    expect(scenario.send(exited(2, 0), exited(3, 0)).actions).toEqual([])
    expect(scenario.pass(GRACE_MS + KILL_MS - 10_000).actions).toEqual([kill(1)])
    expect(scenario.send(exited(1, 'SIGKILL')).actions).toEqual([STOPPED])
  })

  it('during a pause after failures has nothing to wait for, and forks nobody later', () => {
    const scenario = Scenario.serving(1)
    scenario.send(exited(1), exited(2))
    expect(scenario.workers).toEqual({})
    expect(scenario.send(TERM).actions).toEqual([CLOSE, STOPPED])
    expect(scenario.pass(60_000).actions).toEqual([])
  })

  it('kills who does not leave, and gives up who does not even die', () => {
    const scenario = Scenario.serving(2)
    scenario.send(TERM)
    expect(scenario.pass(GRACE_MS + KILL_MS - 1).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([kill(1), kill(2)])
    scenario.send(exited(1, 'SIGKILL'))
    expect(scenario.pass(GIVE_UP_MS - 1).actions).toEqual([])
    const end = scenario.pass(1)
    expect(end.actions).toEqual([STOPPED])
    expect(end.reports.map(({ type }) => type)).toEqual(['worker-abandoned', 'stopped'])
  })
})

describe('a second stop', () => {
  it('is the same key press within 250 ms, whichever way it came', () => {
    const scenario = Scenario.serving(2)
    scenario.pass(60_000)
    scenario.send(INT)
    scenario.pass(249)
    const { actions, reports } = scenario.send(INT, TERM)
    expect([actions, reports]).toEqual([[], []])
    expect(scenario.send(exited(1, 0), exited(2, 0)).actions).toEqual([STOPPED])
  })

  it('kills everybody from 250 ms on, and is the outcome', () => {
    const scenario = Scenario.serving(2)
    scenario.send(INT)
    scenario.pass(250)
    const follows = scenario.send(INT)
    expect(follows.actions).toEqual([kill(1), kill(2)])
    expect(follows.told('stop-forced')).toEqual([{ type: 'stop-forced', origin: 'SIGINT', workers: 2 }])
    expect(follows.told('worker-killed')).toMatchObject([{ reason: 'stop' }, { reason: 'stop' }])
    expect(scenario.send(exited(1, 'SIGKILL'), exited(2, 'SIGKILL')).actions).toEqual([FORCED])
  })

  it('takes the time from the first one, not from the last', () => {
    const scenario = Scenario.serving(1)
    scenario.send(TERM)
    scenario.pass(200)
    expect(scenario.send(TERM).actions).toEqual([])
    scenario.pass(50)
    expect(scenario.send(TERM).actions).toEqual([kill(1)])
  })

  it('kills also who was leaving before the stop, and who boots', () => {
    const scenario = Scenario.serving(2)
    scenario.send(scale(-1), signalled(1), forked(3), TERM)
    scenario.pass(250)
    expect(scenario.send(TERM).actions).toEqual([kill(1), kill(2), kill(3)])
  })

  it('kills nobody twice', () => {
    const scenario = Scenario.serving(2)
    scenario.send(TERM)
    scenario.pass(GRACE_MS + KILL_MS)
    expect(scenario.send(TERM).actions).toEqual([])
    scenario.pass(1000)
    expect(scenario.send(TERM).actions).toEqual([])
    expect(scenario.pass(GIVE_UP_MS - 1000).actions).toEqual([FORCED])
  })

  it('ends the supervisor even when no process ever exits', () => {
    const scenario = Scenario.serving(2)
    scenario.send(TERM)
    scenario.pass(1000)
    scenario.send(TERM)
    expect(scenario.pass(GIVE_UP_MS - 1).actions).toEqual([])
    const end = scenario.pass(1)
    expect(end.actions).toEqual([FORCED])
    expect(end.told('worker-abandoned')).toMatchObject([{ worker: 1 }, { worker: 2 }])
  })

  it('finds nobody to replace', () => {
    const scenario = Scenario.serving(1)
    expect(scenario.send(exited(1)).actions).toEqual([fork(2, 0)])
    scenario.send(TERM)
    scenario.pass(300)
    expect(scenario.send(TERM, exited(2, 'SIGKILL')).actions).toEqual([kill(2), FORCED])
  })
})

it('a quick stop gives nobody more time whom a suspend has left until later, by the times of another generation', () => {
  const scenario = Scenario.serving(1, { bootTimeoutMs: 100, gracefulTimeoutMs: 0, killTimeoutMs: 300 })
  scenario.reload({ killTimeoutMs: 5000 })
  scenario.pass(100)
  expect(scenario.workers).toMatchObject({ 2: 'draining' })
  scenario.now += 5000
  expect(scenario.send(INT).actions).toContainEqual(drain(2, 'quick', 0))
})
