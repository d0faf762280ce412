import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { initialState, MOST_WORKERS, step } from '../../packages/supervisor/src/core/step.ts'
import type { Settings } from '../../packages/supervisor/src/core/types.ts'
import { isCurrent } from './checked-step.ts'
import { make, settle, type Move } from './moves.ts'
import { World } from './world.ts'

const GIVE_UP_MS = 2000
const SAME_PRESS_MS = 250

const settings: fc.Arbitrary<Settings> = fc.record({
  workers: fc.integer({ min: 1, max: 4 }),
  bootTimeoutMs: fc.constantFrom(100, 1000, 60_000),
  gracefulTimeoutMs: fc.constantFrom(0, 500, 30_000),
  killTimeoutMs: fc.constantFrom(0, 300, 5000),
})

/** How often each kind of move is made, compared with the others. */
type Weights = Partial<Record<Move['kind'], number>>

const ANYTHING: Weights = {
  progress: 120,
  accident: 20,
  disaster: 2,
  signal: 8,
  late: 20,
  sleep: 16,
  wait: 16,
  scale: 8,
  stop: 1,
}
const IN_A_STOP: Weights = { ...ANYTHING, progress: 20, stop: 20 }
const NOTHING_FAILS: Weights = { progress: 60, signal: 6, late: 10, wait: 15, scale: 8 }

function movesOf(weights: Weights, maxLength = 200): fc.Arbitrary<Move[]> {
  const kinds = Object.entries(weights) as [Move['kind'], number][]
  const kind = fc.oneof(...kinds.map(([kind, weight]) => ({ arbitrary: fc.constant(kind), weight })))
  return fc.array(fc.record({ kind, pick: fc.nat(65_535) }), { maxLength, size: 'max' })
}

/** How a world begins. */
interface Beginning {
  readonly settings: Settings
  readonly seed: number
  /** Every so many processes there is one that can't be killed; 0 for none. */
  readonly immortalEvery: number
  /** Whether the first workers serve already. */
  readonly isServing: boolean
}

const beginnings: fc.Arbitrary<Beginning> = fc.record({
  settings,
  seed: fc.integer(),
  immortalEvery: fc.constantFrom(0, 2, 5),
  isServing: fc.boolean(),
})

function worldAfter({ settings, seed, immortalEvery, isServing }: Beginning, moves: readonly Move[]): World {
  const world = new World(settings, seed, (id) => immortalEvery > 0 && id % immortalEvery === 0)
  world.send({ type: 'start' })
  if (isServing) settle(world)
  for (const move of moves) make(world, move)
  return world
}

function indexesInService(world: World): number[] {
  const current = world.state.workers.filter(isCurrent)
  return current.map(({ index }) => index).toSorted((one, other) => one - other)
}

describe('whatever happens, in whatever order', () => {
  it('every order is one that makes sense, and when things calm down all is well or all has ended', () => {
    fc.assert(
      fc.property(beginnings, movesOf(ANYTHING), (beginning, moves) => {
        const world = worldAfter(beginning, moves)
        settle(world)
        if (world.hasFinished) return
        assert.equal(world.state.phase.kind, 'serving')
        assert.equal(world.counts.serving, 1, 'serving was reported')
        assert.deepStrictEqual(
          indexesInService(world),
          world.state.slots.map(({ index }) => index),
        )
        for (const { stage } of world.processes.values()) assert.equal(stage, 'accepting')
      }),
      { numRuns: 400 },
    )
  })

  it('a stop ends, once, whatever happens meanwhile', () => {
    fc.assert(
      fc.property(beginnings, movesOf(ANYTHING, 60), movesOf(IN_A_STOP, 40), (beginning, moves, meanwhile) => {
        const world = worldAfter(beginning, moves)
        world.send({ type: 'stop', mode: 'graceful', origin: 'test' })
        for (const move of meanwhile) make(world, move)
        settle(world)
        assert.ok(world.hasFinished)
      }),
      { numRuns: 200 },
    )
  })

  it('a stop ends in time even if no process ever exits from then on', () => {
    fc.assert(
      fc.property(beginnings, movesOf(ANYTHING), (beginning, moves) => {
        const world = worldAfter(beginning, moves)
        const { gracefulTimeoutMs, killTimeoutMs } = world.state.settings
        const end = world.now + gracefulTimeoutMs + killTimeoutMs + GIVE_UP_MS
        world.send({ type: 'stop', mode: 'graceful', origin: 'test' })
        while (world.sleep());
        assert.ok(world.hasFinished, 'the stop ends')
        assert.ok(world.now <= end, `the stop ends ${world.now - end} ms too late`)
      }),
      { numRuns: 200 },
    )
  })

  it('a second stop ends everything in two seconds even if no process ever exits from then on', () => {
    fc.assert(
      fc.property(beginnings, movesOf(ANYTHING), (beginning, moves) => {
        const world = worldAfter(beginning, moves)
        world.send({ type: 'stop', mode: 'graceful', origin: 'test' })
        world.now += SAME_PRESS_MS
        const end = world.now + GIVE_UP_MS
        world.send({ type: 'stop', mode: 'quick', origin: 'test' })
        while (world.sleep());
        assert.ok(world.hasFinished, 'the stop ends')
        assert.ok(world.now <= end, `the stop ends ${world.now - end} ms too late`)
      }),
      { numRuns: 200 },
    )
  })
})

describe('as long as nothing fails', () => {
  it('each slot has its worker at any moment, and nothing ends', () => {
    const patient = settings.map((settings) => ({ ...settings, bootTimeoutMs: 1e9 }))
    fc.assert(
      fc.property(patient, movesOf(NOTHING_FAILS), (settings, moves) => {
        const world = new World(settings, 1)
        world.send({ type: 'start' })
        for (const move of moves) {
          make(world, move)
          const { phase, slots } = world.state
          assert.ok(world.isRunning, `the supervisor is ${phase.kind}`)
          assert.deepStrictEqual(
            indexesInService(world),
            slots.map(({ index }) => index),
          )
          assert.ok(slots.every(({ failures }) => failures === 0))
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('the number of workers', () => {
  it('stays between 1 and 512, whatever is asked for', () => {
    const scales = fc.array(fc.integer({ min: -700, max: 700 }), { maxLength: 12 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MOST_WORKERS }), scales, (workers, scales) => {
        const times = { bootTimeoutMs: 1000, gracefulTimeoutMs: 1000, killTimeoutMs: 1000 }
        let { state } = step(initialState({ workers, ...times }, 1), { type: 'start' }, 0)
        for (const by of scales) {
          const wanted = Math.max(1, Math.min(512, state.slots.length + by))
          state = step(state, { type: 'scale', by }, 0).state
          expect(state.slots.length).toBe(wanted)
          expect(state.workers.filter(isCurrent)).toHaveLength(wanted)
        }
      }),
    )
  })
})
