import { describe, expect, it } from 'vitest'
import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { WorkerId } from '../../packages/supervisor/src/core/types.ts'
import {
  accept,
  accepting,
  ERROR,
  exited,
  failed,
  forked,
  forkFailed,
  GIVE_UP_MS,
  GRACE_MS,
  kill,
  KILL_MS,
  loaded,
  ready,
  refused,
  Scenario,
  signalled,
} from './scenario.ts'

const TICK: Event = { type: 'tick' }

const NEWS: readonly (readonly [string, (worker: WorkerId) => Event])[] = [
  ['forked', forked],
  ['fork-failed', forkFailed],
  ['loaded', loaded],
  ['ready', ready],
  ['accepting', accepting],
  ['failed', failed],
  ['threw', (worker) => ({ type: 'threw', worker, error: ERROR })],
  ['refused', refused],
  ['signalled', signalled],
  ['exited', exited],
]

describe.each(NEWS)('the news "%s"', (_name, news) => {
  it('of a worker that never was changes nothing', () => {
    const scenario = Scenario.serving(2)
    const { state } = scenario
    const { actions, reports } = scenario.send(news(3), news(0), news(-1))
    expect([actions, reports, scenario.state]).toEqual([[], [], state])
  })

  it('of a worker that has gone changes nothing for its replacement', () => {
    const scenario = Scenario.serving(2)
    scenario.send(exited(1))
    const { state } = scenario
    const { actions, reports } = scenario.send(news(1), news(1))
    expect([actions, reports, scenario.state]).toEqual([[], [], state])
  })

  it('of a worker while everything has ended changes nothing', () => {
    const scenario = Scenario.serving(1)
    scenario.send({ type: 'stop', mode: 'quick', origin: 'SIGINT' }, exited(1, 0))
    const { state } = scenario
    const { actions, reports } = scenario.send(news(1))
    expect([actions, reports, scenario.state]).toEqual([[], [], state])
  })
})

describe('a worker that repeats itself', () => {
  it.each(NEWS.filter(([name]) => ['loaded', 'ready', 'accepting', 'failed'].includes(name)))(
    'is heard once: %s, when it accepts',
    (_name, news) => {
      const scenario = Scenario.serving(2)
      const { state } = scenario
      const { actions, reports } = scenario.send(news(1))
      expect([actions, reports, scenario.state]).toEqual([[], [], state])
    },
  )

  it('is let accept once', () => {
    const scenario = Scenario.starting(1)
    const follows = scenario.send(ready(1), ready(1), loaded(1), ready(1))
    expect(follows.actions).toEqual([accept(1)])
    expect(follows.told('worker-ready')).toHaveLength(1)
  })
})

describe('a worker whose words cross an order', () => {
  it('does not accept before it was let', () => {
    const scenario = Scenario.starting(1)
    const { actions, reports } = scenario.send(accepting(1))
    expect([actions, reports]).toEqual([[], []])
    expect(scenario.workers).toEqual({ 1: 'booting' })
  })

  it('is not let accept once it was asked to leave', () => {
    const scenario = Scenario.starting(2)
    scenario.send(signalled(1))
    const { actions, reports } = scenario.send(loaded(1), ready(1), accepting(1))
    expect([actions, reports]).toEqual([[], []])
    expect(scenario.workers[1]).toBe('draining')
  })

  it('does not come back to service once it was asked to leave', () => {
    const scenario = Scenario.starting(2)
    scenario.send(ready(1), signalled(1))
    const { actions, reports } = scenario.send(accepting(1))
    expect([actions, reports]).toEqual([[], []])
    expect(scenario.workers[1]).toBe('draining')
    expect(scenario.state.phase.kind).toBe('starting')
  })

  it('can still say why it ended', () => {
    const scenario = Scenario.serving(1)
    const follows = scenario.send(signalled(1), { type: 'threw', worker: 1, error: ERROR }, exited(1))
    expect(follows.told('worker-exited')).toMatchObject([{ worker: 1, error: ERROR, reason: 'signalled' }])
  })
})

describe('a tick', () => {
  it('that comes early or too often changes nothing', () => {
    const scenario = Scenario.starting(2)
    scenario.now += 59_999
    const { state } = scenario
    const { actions, reports } = scenario.send({ type: 'tick' }, { type: 'tick' })
    expect([actions, reports, scenario.state]).toEqual([[], [], state])
  })

  it('that comes a little too late does each thing that is due once', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1))
    scenario.bootWorker(2)
    scenario.now += GRACE_MS + KILL_MS + 250
    expect(scenario.send(TICK, TICK).actions).toEqual([kill(1)])
    scenario.now += GIVE_UP_MS + 250
    expect(scenario.send(TICK, TICK).told('worker-abandoned')).toHaveLength(1)
  })

  it('that comes far too late is taken for the end of a suspension: everybody gets some time again', () => {
    const scenario = Scenario.serving(1)
    scenario.send(signalled(1))
    scenario.bootWorker(2)
    scenario.now += GRACE_MS + KILL_MS + 251
    expect(scenario.send(TICK).actions).toEqual([])
    expect(scenario.pass(KILL_MS - 1).actions).toEqual([])
    expect(scenario.pass(1).actions).toEqual([kill(1)])
    scenario.now += GIVE_UP_MS + 251
    expect(scenario.send(TICK).reports).toEqual([])
    expect(scenario.pass(GIVE_UP_MS).told('worker-abandoned')).toHaveLength(1)
  })
})
