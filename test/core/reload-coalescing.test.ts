import { describe, expect, it } from 'vitest'
import {
  accepting,
  drain,
  fork,
  GRACE_MS,
  intakeClosed,
  notPrepared,
  prepare,
  ready,
  RELOAD,
  Scenario,
} from './scenario.ts'

describe('a reload that is asked for', () => {
  it('before anybody serves waits for the first worker that does', () => {
    const scenario = Scenario.starting(1)
    expect(scenario.send(RELOAD, RELOAD).actions).toEqual([])
    expect(scenario.rollout).toBe('queued')
    expect(scenario.bootWorker(1).actions).toContainEqual(prepare(2))
  })

  it('while another one is being read has everything read once more, and only once', () => {
    const scenario = Scenario.serving(1)
    scenario.send(RELOAD)
    expect(scenario.send(RELOAD, RELOAD, RELOAD).actions).toEqual([])
    expect(scenario.prepared().actions).toEqual([prepare(3)])
    expect(scenario.prepared().actions).toEqual([fork(2, 0, 3)])
  })

  it('while another one is being read forgives that one what is wrong with it', () => {
    const scenario = Scenario.serving(1)
    scenario.send(RELOAD, RELOAD)
    const follows = scenario.send(notPrepared(2))
    expect(follows.actions).toEqual([prepare(3)])
    expect(follows.told('reload-failed')).toEqual([])
  })

  it('while the canary of another one boots takes its place', () => {
    const scenario = Scenario.serving(1)
    scenario.reload()
    const follows = scenario.send(RELOAD)
    expect(follows.actions).toEqual([drain(2, 'graceful', 0), prepare(3)])
    expect(follows.told('reload-superseded')).toHaveLength(1)
    expect(follows.told('worker-draining')).toMatchObject([{ worker: 2, reason: 'reload-failed' }])
    expect(scenario.prepared().actions).toEqual([fork(3, 0, 3)])
  })

  it('while another one fills dismisses those who wait', () => {
    const scenario = Scenario.serving(2)
    scenario.reload()
    scenario.send(ready(3))
    const { actions } = scenario.send(RELOAD)
    expect(actions).toEqual([drain(3, 'graceful', GRACE_MS), drain(4, 'graceful', 0), prepare(3)])
    expect(scenario.serving).toEqual({ 1: 1, 2: 1 })
  })

  it('after the switch of another one lets that one have succeeded, before it is said to begin', () => {
    const scenario = Scenario.serving(1)
    scenario.reload()
    scenario.send(ready(2))
    const { reports, actions } = scenario.send(RELOAD)
    expect(reports.map(({ type }) => type)).toEqual(['reloaded', 'reload-asked'])
    expect(actions).toEqual([prepare(3)])
    scenario.send(accepting(2), intakeClosed(1))
    expect(scenario.prepared().told('reloaded')).toEqual([])
  })

  it('while another one swaps workers leaves the swapped ones until the newest has its way', () => {
    const scenario = Scenario.serving(2, { rolling: true })
    scenario.reload()
    scenario.send(ready(3), accepting(3))
    expect(scenario.rollout).toBe('rolling')
    expect(scenario.send(RELOAD).actions).toEqual([prepare(3)])
    scenario.prepared({ rolling: false })
    scenario.send(ready(4), ready(5))
    expect(scenario.serving).toEqual({ 4: 3, 5: 3 })
  })

  it('while another one is rolled back starts anew from there, and if it fails the old take over', () => {
    const scenario = Scenario.serving(2, { rolling: true })
    scenario.reload()
    scenario.send(ready(3), accepting(3), { type: 'exited', worker: 1, code: 0, signal: null })
    scenario.send({ type: 'exited', worker: 4, code: 1, signal: null })
    expect(scenario.rollout).toBe('rolling-back')
    scenario.send(RELOAD)
    const follows = scenario.send(notPrepared(3))
    expect(follows.told('reload-failed')).toEqual([])
    expect(scenario.rollout).toBe('rolling-back')
    const { id } = scenario.state.workers.find(({ role }) => role === 'successor')!
    expect(scenario.send(ready(id), accepting(id)).told('reload-failed')).toMatchObject([
      { generation: 3, failure: { kind: 'not-prepared' } },
    ])
    expect(Object.values(scenario.serving)).toEqual([1, 1])
  })
})

describe('fifty reloads at once', () => {
  it.each(['preparing', 'canary', 'switched'])('during %s are read at most twice, and end as one', (stage) => {
    const scenario = Scenario.serving(1)
    scenario.send(RELOAD)
    if (stage !== 'preparing') scenario.prepared()
    if (stage === 'switched') scenario.send(ready(2))
    const follows = scenario.send(...Array.from({ length: 50 }, () => RELOAD))
    const asked = follows.actions.filter(({ type }) => type === 'prepare').length
    scenario.prepared()
    expect(asked).toBeLessThanOrEqual(1)
    expect(scenario.rollout).toBe('preparing')
    scenario.prepared()
    expect(scenario.rollout).toBe('canary')
    const canary = scenario.state.workers.at(-1)!.id
    scenario.send(ready(canary), accepting(canary))
    for (const { id } of scenario.state.workers) scenario.send(intakeClosed(id))
    expect(scenario.rollout).toBeNull()
  })
})
