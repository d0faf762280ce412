import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { initialState, MOST_WORKERS, step } from '../../packages/supervisor/src/core/step.ts'
import { ANYTHING, beginnings, movesOf, often, plainSettings, worldAfter, type Weights } from './beginnings.ts'
import { fillsSlot, isCurrent } from './checked-step.ts'
import { make, settle } from './moves.ts'
import { NOTHING_SPECIAL } from './settings.ts'
import { World } from './world.ts'

const GIVE_UP_MS = 2000
const SAME_PRESS_MS = 250

const IN_A_STOP: Weights = { ...ANYTHING, progress: 20, stop: 20 }
const NOTHING_FAILS: Weights = { progress: 60, signal: 6, late: 10, wait: 15, scale: 8 }

function indexesInService(world: World): number[] {
  const current = world.state.workers.filter(fillsSlot)
  return current.map(({ index }) => index).toSorted((one, other) => one - other)
}

/** A worker may have been asked to leave with the times of another generation. */
function longestStop({ variants }: World): number {
  const longest = (time: 'gracefulTimeoutMs' | 'killTimeoutMs' | 'shutdownDelayMs'): number =>
    Math.max(...variants.map((settings) => settings[time]))
  return longest('gracefulTimeoutMs') + longest('killTimeoutMs') + longest('shutdownDelayMs') + GIVE_UP_MS
}

describe('whatever happens, in whatever order', () => {
  it('every order is one that makes sense, and when things calm down all is well or all has ended', () => {
    fc.assert(
      fc.property(beginnings, movesOf(ANYTHING), (beginning, moves) => {
        const world = worldAfter(beginning, moves)
        settle(world)
        if (world.hasFinished) return
        assert.ok(world.isCalm)
        assert.ok(!world.judge.isReloading, 'whoever waits for a reload hears of its end')
        assert.ok(world.state.workers.every(({ generation }) => generation === world.state.generation))
        assert.equal(world.counts.serving, 1, 'serving was reported')
        assert.deepStrictEqual(
          indexesInService(world),
          world.state.slots.map(({ index }) => index),
        )
        for (const { stage } of world.processes.values()) assert.equal(stage, 'accepting')
      }),
      often(300),
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
      often(100),
    )
  })

  it('a stop ends in time even if no process ever exits from then on', () => {
    fc.assert(
      fc.property(beginnings, movesOf(ANYTHING), (beginning, moves) => {
        const world = worldAfter(beginning, moves)
        const end = world.now + longestStop(world)
        world.send({ type: 'stop', mode: 'graceful', origin: 'test' })
        while (world.sleep());
        assert.ok(world.hasFinished, 'the stop ends')
        assert.ok(world.now <= end, `the stop ends ${world.now - end} ms too late`)
      }),
      often(100),
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
      often(100),
    )
  })
})

describe('as long as nothing fails', () => {
  it('each slot has its worker at any moment, and nothing ends', () => {
    const patient = plainSettings.map((settings) => ({ ...settings, bootTimeoutMs: 1e9 }))
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
      often(100),
    )
  })
})

describe('the number of workers', () => {
  it('stays between 1 and 512, whatever is asked for', () => {
    const scales = fc.array(fc.integer({ min: -700, max: 700 }), { maxLength: 12 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MOST_WORKERS }), scales, (workers, scales) => {
        const times = { ...NOTHING_SPECIAL, bootTimeoutMs: 1000, gracefulTimeoutMs: 1000, killTimeoutMs: 1000 }
        let { state } = step(initialState({ workers, ...times }, 1), { type: 'start' }, 0)
        for (const by of scales) {
          const wanted = Math.max(1, Math.min(512, state.slots.length + by))
          state = step(state, { type: 'scale', by }, 0).state
          assert.equal(state.slots.length, wanted)
          assert.equal(state.workers.filter(isCurrent).length, wanted)
        }
      }),
    )
  })
})
