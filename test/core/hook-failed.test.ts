import { expect, it } from 'vitest'
import { initialState, step } from '../../packages/supervisor/src/core/step.ts'
import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { Settings, State } from '../../packages/supervisor/src/core/types.ts'
import { NOTHING_SPECIAL } from './settings.ts'

const TIMES = { bootTimeoutMs: 60_000, gracefulTimeoutMs: 30_000, killTimeoutMs: 5000 }
const SETTINGS: Settings = { ...NOTHING_SPECIAL, ...TIMES, workers: 2 }
const FAILED: Event = { type: 'hook-failed', hook: 'onStarting', error: { name: 'Error', message: 'no' } }

function after(...events: readonly Event[]): { readonly state: State; readonly types: readonly string[] } {
  let state = initialState(SETTINGS, 1)
  let types: readonly string[] = []
  for (const event of events) {
    const next = step(state, event, 0)
    state = next.state
    types = next.effects.map((effect) => (effect.type === 'report' ? effect.report.type : effect.type))
  }
  return { state, types }
}

it('a hook that fails before the start ends it, and nothing is forked', () => {
  const { state, types } = after(FAILED)
  expect(types).toEqual(['hook-failed', 'close-listeners', 'stopped', 'finish'])
  expect(state.phase).toMatchObject({ kind: 'stopped', outcome: { kind: 'failed', worker: null } })
  expect(state.phase).toMatchObject({ outcome: { failure: { kind: 'preload', what: 'the hook onStarting' } } })
})

it('a start that comes after such a failure does nothing', () => {
  expect(after(FAILED, { type: 'start' }).types).toEqual([])
})

it('a hook that fails while the first generation boots ends it', () => {
  const { state, types } = after({ type: 'start' }, FAILED)
  expect(types).toEqual(expect.arrayContaining(['hook-failed', 'close-listeners', 'drain', 'worker-draining']))
  expect(state.phase).toMatchObject({ kind: 'stopping', mode: 'quick', outcome: { kind: 'failed' } })
})

it('a hook that fails once a worker serves is only told', () => {
  const ready: Event[] = [{ type: 'start' }, { type: 'ready', worker: 1 }, { type: 'accepting', worker: 1 }]
  const { state, types } = after(...ready, FAILED)
  expect(types).toEqual(['hook-failed'])
  expect(state.phase).toEqual({ kind: 'serving' })
})

it('a hook that fails during a stop changes nothing about how it ends', () => {
  const { state } = after({ type: 'start' }, { type: 'stop', mode: 'graceful', origin: 'SIGTERM' }, FAILED)
  expect(state.phase).toMatchObject({ kind: 'stopping', outcome: { kind: 'stopped' } })
})
