import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { anySettings, beginnings, movesOf, often, RELOADS, worldAfter, worldOf, type Weights } from './beginnings.ts'
import { fillsSlot } from './checked-step.ts'
import { make, settle } from './moves.ts'
import { isInService } from './process.ts'
import type { World } from './world.ts'

const HEALTHY: Weights = { progress: 60, late: 6, wait: 6, reload: 3, 'good-answer': 20, beat: 20, exhaust: 5 }

/** How many slots have somebody who takes connections. */
function served(world: World): number {
  const indexes = [...world.processes.values()].filter((process) => isInService(process)).map(({ index }) => index)
  return new Set(indexes).size
}

describe('reloads, whatever happens meanwhile', () => {
  it('end with one version, in all slots, and whoever waits hears of it', () => {
    fc.assert(
      fc.property(beginnings, movesOf(RELOADS), (beginning, moves) => {
        const world = worldAfter(beginning, moves)
        settle(world)
        assert.ok(!world.judge.isReloading, 'the end was told')
        if (world.hasFinished) return
        assert.ok(world.isCalm)
        assert.ok(world.state.workers.every(fillsSlot))
        assert.ok(world.state.workers.every(({ generation }) => generation === world.state.generation))
      }),
      often(150),
    )
  })
})

describe('as long as nothing fails', () => {
  // Boots and looks take no time here, so that no deadline is missed but by those that are meant to.
  const patient = anySettings.map((each) => ({ ...each, bootTimeoutMs: 1e8, timeoutMs: 0, giveUpMs: 0 }))
  const worlds = fc.tuple(fc.array(patient, { minLength: 1, maxLength: 3 }), fc.integer())

  it('every slot is served at any moment of any reload and recycling, and every reload succeeds', () => {
    fc.assert(
      fc.property(worlds, movesOf(HEALTHY, 150), ([settings, seed], moves) => {
        const world = worldOf({ settings, seed, immortalEvery: 0, isServing: true })
        for (const move of moves) {
          make(world, move)
          assert.equal(served(world), world.state.slots.length, 'capacity never falls')
        }
        settle(world)
        assert.equal(world.judge.told['reload-failed'], 0, 'nothing failed')
        if (world.judge.told['reload-asked'] > 0) assert.ok(world.judge.told.reloaded > 0)
      }),
      often(120),
    )
  })
})
