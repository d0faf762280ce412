import { describe, expect, it } from 'vitest'
import type { Effect } from '../../packages/supervisor/src/core/effect.ts'
import { initialState, step } from '../../packages/supervisor/src/core/step.ts'
import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { Settings, State } from '../../packages/supervisor/src/core/types.ts'
import { NOTHING_SPECIAL } from './settings.ts'

const SETTINGS: Settings = {
  ...NOTHING_SPECIAL,
  workers: 2,
  bootTimeoutMs: 1000,
  gracefulTimeoutMs: 1000,
  killTimeoutMs: 1000,
  isSticky: true,
}

/** A supervisor, and what it tells about owners. */
class Told {
  #state: State
  effects: Effect[] = []

  constructor(settings: Settings) {
    this.#state = initialState(settings, 1)
    this.send({ type: 'start' })
    for (let worker = 1; worker <= settings.workers; worker++) this.send({ type: 'forked', worker, pid: worker + 100 })
  }

  send(event: Event): readonly Effect[] {
    const { state, effects } = step(this.#state, event, 0)
    this.#state = state
    this.effects = effects
    return effects
  }

  /** The owners that an event has told, as `index:worker`; null if none were. */
  after(event: Event): readonly string[] | null {
    const told = this.send(event).find((effect) => effect.type === 'owners')
    return told?.type === 'owners' ? told.owners.map(({ index, worker }) => `${index}:${worker}`) : null
  }

  /** The types of the effects of an event, but for what is only told. */
  order(): string[] {
    return this.effects.filter(({ type }) => type !== 'report').map(({ type }) => type)
  }
}

function serving(settings: Settings = SETTINGS): Told {
  const told = new Told(settings)
  for (const worker of [1, 2]) {
    told.send({ type: 'ready', worker })
    told.send({ type: 'accepting', worker })
  }
  return told
}

describe('who takes connections in', () => {
  it('is told before a worker accepts, and not again when it does', () => {
    const told = new Told(SETTINGS)
    expect(told.after({ type: 'ready', worker: 1 })).toEqual(['0:1'])
    expect(told.order()).toEqual(['owners', 'accept'])
    expect(told.after({ type: 'accepting', worker: 1 })).toBeNull()
    expect(told.after({ type: 'ready', worker: 2 })).toEqual(['0:1', '1:2'])
  })

  it('is told when one ends, and when another one has its place', () => {
    const told = serving()
    expect(told.after({ type: 'exited', worker: 1, code: null, signal: 'SIGKILL' })).toEqual(['1:2'])
    expect(told.after({ type: 'ready', worker: 3 })).toEqual(['0:3', '1:2'])
  })

  it('is told before one leaves', () => {
    const told = serving()
    expect(told.after({ type: 'scale', by: -1 })).toEqual(['0:1'])
    expect(told.order()).toEqual(['owners', 'drain'])
  })

  it('is nobody in a stop', () => {
    expect(serving().after({ type: 'stop', mode: 'graceful', origin: 'test' })).toEqual([])
  })

  it('is none of the candidates of a reload until all of them take over in one step', () => {
    const told = serving()
    told.send({ type: 'reload', origin: 'test' })
    expect(told.after({ type: 'prepared', generation: 2, settings: SETTINGS })).toBeNull()
    expect(told.after({ type: 'forked', worker: 3, pid: 103 })).toBeNull()
    expect(told.after({ type: 'ready', worker: 3 })).toBeNull()
    expect(told.after({ type: 'forked', worker: 4, pid: 104 })).toBeNull()
    expect(told.after({ type: 'ready', worker: 4 })).toEqual(['0:3', '1:4'])
    expect(told.order().slice(0, 5)).toEqual(['owners', 'accept', 'accept', 'drain', 'drain'])
  })

  it('is nobody from a reload on that turns it off', () => {
    const told = serving()
    const settings = { ...SETTINGS, isSticky: false }
    told.send({ type: 'reload', origin: 'test' })
    told.send({ type: 'prepared', generation: 2, settings })
    told.send({ type: 'ready', worker: 3 })
    expect(told.after({ type: 'ready', worker: 4 })).toEqual([])
  })

  it('is nothing to be told unless addresses are to stay with one worker', () => {
    const told = new Told({ ...SETTINGS, isSticky: false })
    for (const worker of [1, 2]) expect(told.after({ type: 'ready', worker })).toBeNull()
    expect(told.after({ type: 'stop', mode: 'quick', origin: 'test' })).toBeNull()
  })
})
