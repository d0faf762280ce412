import { describe, expect, it } from 'vitest'
import { snapshotOf, type Snapshot } from '../../packages/supervisor/src/core/snapshot.ts'
import {
  beat,
  exited,
  failed,
  filesChecked,
  forked,
  notPrepared,
  ready,
  RELOAD,
  Scenario,
  signalled,
  TERM,
} from './scenario.ts'

function look(scenario: Scenario): Snapshot {
  return snapshotOf(scenario.state, scenario.now)
}

describe('what is shown of a worker', () => {
  it('is what it told last, and how long ago', () => {
    const scenario = Scenario.serving(2)
    scenario.pass(3000)
    scenario.send(beat(2, { requests: 7, rss: 50_000_000 }))
    scenario.pass(400)
    expect(look(scenario).workers).toMatchObject([
      { worker: 1, pid: 1001, status: 'accepting', requests: 0, rss: null, silentMs: 3400, uptimeMs: 3400 },
      { worker: 2, pid: 1002, generation: 1, requests: 7, rss: 50_000_000, silentMs: 400 },
    ])
  })

  it('counts a silence from its beginning while it is looked at', () => {
    const scenario = Scenario.serving(1, { timeoutMs: 1000 })
    scenario.pass(1500)
    expect(look(scenario).workers).toMatchObject([{ silentMs: 1500 }])
  })
})

describe('what is shown of a slot', () => {
  it('is how its last worker ended, and when the next one comes', () => {
    const scenario = Scenario.serving(1)
    scenario.send(exited(1), forked(2), exited(2, 'SIGKILL'))
    const restartIn = scenario.state.slots[0]!.forkAt - scenario.now
    scenario.pass(30)
    const reason = 'killed by the kernel, perhaps out of memory, or by hand'
    expect(look(scenario).slots).toEqual([
      {
        index: 0,
        failures: 2,
        lastExit: { code: null, signal: 'SIGKILL', reason, agoMs: 30 },
        nextAttemptInMs: restartIn - 30,
      },
    ])
  })

  it.each([
    [exited(1, 7), 'exited with code 7'],
    [exited(1, 'SIGSEGV'), 'ended by SIGSEGV'],
  ])('says how it ended in words', (event, reason) => {
    const scenario = Scenario.serving(1)
    scenario.send(event)
    expect(look(scenario).slots[0]).toMatchObject({ lastExit: { reason }, nextAttemptInMs: null })
  })

  it('says why it was asked to leave, if it was', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1), exited(1, 0))
    expect(look(scenario).slots[0]?.lastExit?.reason).toBe('signalled')
  })

  it('does not tell of workers that never had it', () => {
    const scenario = Scenario.serving(1)
    scenario.reload()
    scenario.send(failed(2), exited(2))
    expect(look(scenario).slots[0]).toMatchObject({ failures: 0, lastExit: null })
  })
})

describe('what is shown of a reload', () => {
  it('is how far it has come', () => {
    const scenario = Scenario.serving(1)
    expect(look(scenario).rollout).toBeNull()
    scenario.send(RELOAD)
    expect(look(scenario).rollout).toEqual({ kind: 'preparing', generation: 2 })
    scenario.prepared()
    expect(look(scenario)).toMatchObject({ rollout: { kind: 'canary', generation: 2 }, generation: 1 })
    scenario.send(ready(2))
    expect(look(scenario)).toMatchObject({ rollout: { kind: 'switched', generation: 2 }, generation: 2 })
  })

  it('has no number while it waits for the first generation', () => {
    const scenario = Scenario.starting(1)
    scenario.send(RELOAD)
    expect(look(scenario).rollout).toEqual({ kind: 'queued', generation: null })
  })

  it('is what has changed on the disk, once that is known', () => {
    const scenario = Scenario.serving(1)
    scenario.send(RELOAD, notPrepared(2))
    expect(look(scenario).drift).toEqual([])
    scenario.send(filesChecked(1, '/app.js'))
    expect(look(scenario).drift).toEqual(['/app.js'])
  })
})

describe('what is counted', () => {
  it('is how many workers were started for each reason', () => {
    const scenario = Scenario.serving(2)
    scenario.send(exited(1), signalled(2))
    scenario.reload()
    expect(look(scenario).forks).toEqual({
      boot: 2,
      'scaled-up': 0,
      crashed: 1,
      replaced: 1,
      reload: 1,
      recycle: 0,
      broken: 0,
    })
  })

  it('is who is wanted, and nobody is announced in a stop', () => {
    const scenario = Scenario.serving(2)
    scenario.send(TERM, exited(1, 0))
    const { phase, wanted, slots, workers } = look(scenario)
    expect({ phase, wanted }).toEqual({ phase: 'stopping', wanted: 2 })
    expect(slots.every(({ nextAttemptInMs }) => nextAttemptInMs === null)).toBe(true)
    expect(workers).toMatchObject([{ worker: 2, status: 'draining', silentMs: 0 }])
  })
})
