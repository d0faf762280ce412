import { describe, expect, it } from 'vitest'
import type { Event } from '../../packages/supervisor/src/core/event.ts'
import { accept, accepting, exited, forked, intakeClosed, ready, Scenario } from './scenario.ts'

const CHANGED: Event = { type: 'changed', origin: 'file', files: ['/app.js'] }

/** Files have changed, and what the next generation is made of has been read. */
function changed(workers: number): Scenario {
  const scenario = Scenario.serving(workers, { isDevelopment: true })
  scenario.send(CHANGED)
  scenario.prepared()
  return scenario
}

describe('a worker that takes the place of one that has left', () => {
  it('is let accept before it is ready, as soon as the old one takes nothing any more', () => {
    const scenario = changed(1)
    expect(scenario.send(forked(2)).actions).toEqual([])
    expect(scenario.send(intakeClosed(1)).actions).toEqual([accept(2)])
    expect(scenario.workers).toEqual({ 1: 'draining', 2: 'booting' })
    expect(scenario.send(ready(2)).actions).toEqual([])
    expect(scenario.send(accepting(2)).told('reloaded')).toHaveLength(1)
  })

  it('is told so only when there is a process that can be told', () => {
    const scenario = changed(1)
    expect(scenario.send(intakeClosed(1)).actions).toEqual([])
    expect(scenario.send(forked(2)).actions).toEqual([accept(2)])
  })

  it('waits for all the old ones', () => {
    const scenario = changed(2)
    scenario.send(forked(3), forked(4))
    expect(scenario.send(intakeClosed(1)).actions).toEqual([])
    expect(scenario.send(exited(2, 0)).actions).toEqual([accept(3), accept(4)])
  })

  it('is let accept when it is ready, at the latest', () => {
    const scenario = changed(1)
    expect(scenario.send(forked(2), ready(2)).actions).toEqual([accept(2)])
    expect(scenario.send(intakeClosed(1)).actions).toEqual([])
  })

  it('is not let if it has been overtaken by another change', () => {
    const scenario = changed(1)
    scenario.send(forked(2), CHANGED)
    expect(scenario.send(intakeClosed(1)).actions).toEqual([])
    expect(scenario.workers).toEqual({ 1: 'draining', 2: 'killed' })
  })
})
