import { expect, it } from 'vitest'
import { exited, NO_GOOD, notPrepared, RELOAD, Scenario } from './scenario.ts'

it('development compares no files when the configuration is no good: what is wrong is shown instead', () => {
  const scenario = Scenario.serving(1, { isDevelopment: true })
  scenario.send(RELOAD)
  const follows = scenario.send(notPrepared(2))
  expect(follows.told('reload-failed')).toEqual([
    { type: 'reload-failed', generation: 2, failure: { kind: 'not-prepared', error: NO_GOOD } },
  ])
  expect(follows.actions).toEqual([])
  const failure = { kind: 'preload', what: 'reading the configuration', error: NO_GOOD }
  scenario.send(exited(1, 0))
  expect(scenario.pass(500).actions).toContainEqual({ type: 'fork-page', worker: 2, generation: 1, failure })
})

it('gives the page that shows what is wrong its own time to boot, however soon the app has to', () => {
  const scenario = Scenario.serving(1, { isDevelopment: true, bootTimeoutMs: 1000, gracefulTimeoutMs: 60_000 })
  scenario.send(RELOAD)
  scenario.send(notPrepared(2))
  scenario.send(exited(1, 0))
  scenario.pass(500)
  expect(scenario.pass(5000).actions).toEqual([])
  expect(scenario.pass(6000).actions).toContainEqual(expect.objectContaining({ worker: 2 }))
})
