import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { beginnings, movesOf, often, RELOADS, worldAfter } from './beginnings.ts'
import { settle } from './moves.ts'
import {
  accepting,
  type Action,
  exited,
  fork,
  forked,
  notPrepared,
  prepare,
  ready,
  RELOAD,
  scale,
  Scenario,
  TERM,
  THREW,
  failed,
} from './scenario.ts'

const SPARE = { spares: 1 }

const reserve = (generation: number, count: number, delayMs = 250): Action => ({
  type: 'reserve',
  generation,
  count,
  delayMs,
})

/** What was asked for, and nothing else. */
const reserves = ({ actions }: { readonly actions: readonly Action[] }): Action[] =>
  actions.filter(({ type }) => type === 'reserve')

describe('the spare of a generation that serves', () => {
  it('is asked for when all its workers are ready, and not before', () => {
    const scenario = Scenario.starting(2, SPARE)
    expect(reserves(scenario.bootWorker(1))).toEqual([])
    expect(reserves(scenario.bootWorker(2))).toEqual([reserve(1, 1)])
    expect(scenario.pass(60_000).actions).toEqual([])
  })

  it('is asked for anew when a replacement is ready, which may have taken it', () => {
    const scenario = Scenario.serving(2, SPARE)
    expect(scenario.send(exited(1)).actions).toEqual([fork(3, 0)])
    expect(reserves(scenario.bootWorker(3))).toEqual([reserve(1, 1)])
  })

  it('is asked for anew after scaling up', () => {
    const scenario = Scenario.serving(1, SPARE)
    expect(scenario.send(scale(1)).actions).toEqual([fork(2, 1)])
    expect(reserves(scenario.bootWorker(2))).toEqual([reserve(1, 1)])
  })

  it('is one for each worker at most', () => {
    const scenario = Scenario.serving(1, { spares: 3 })
    expect(scenario.state.reserve?.count).toBe(1)
    scenario.send(scale(1))
    expect(reserves(scenario.bootWorker(2))).toEqual([reserve(1, 2)])
  })

  it('leaves at once in a stop', () => {
    const scenario = Scenario.serving(1, SPARE)
    expect(reserves(scenario.send(TERM))).toEqual([reserve(1, 0, 0)])
  })

  it('leaves once a generation serves that is to have none', () => {
    const scenario = Scenario.serving(1, SPARE)
    expect(reserves(scenario.reload({ spares: 0 }))).toEqual([])
    expect(reserves(scenario.send(forked(2), ready(2)))).toEqual([reserve(2, 0, 0)])
    expect(reserves(scenario.send(accepting(2), TERM))).toEqual([])
  })

  it('is none if none is wanted', () => {
    const scenario = Scenario.serving(2, { spares: 0, maxSurge: 4 })
    expect(reserves(scenario.reload())).toEqual([])
    expect(reserves(scenario.send(ready(3), ready(4), TERM))).toEqual([])
  })
})

describe('the spares of a reload', () => {
  it('start while the first worker is judged: as many as will boot at a time', () => {
    const scenario = Scenario.serving(4, { ...SPARE, maxSurge: 2 })
    expect(scenario.send(RELOAD).actions).toEqual([prepare(2)])
    expect(scenario.prepared().actions).toEqual([fork(5, 0, 2), reserve(2, 2, 0)])
    expect(scenario.send(forked(5), ready(5)).actions).toEqual([fork(6, 1, 2), fork(7, 2, 2), reserve(2, 1, 0)])
    expect(scenario.send(ready(6)).actions).toEqual([fork(8, 3, 2)])
    expect(reserves(scenario.send(ready(7), ready(8)))).toEqual([])
  })

  it('are not sent away as long as a worker is missing', () => {
    const scenario = Scenario.serving(4, { spares: 4, maxSurge: 1 })
    expect(reserves(scenario.reload())).toEqual([reserve(2, 3, 0)])
    expect(reserves(scenario.send(ready(5)))).toEqual([reserve(2, 2, 0)])
  })

  it('are not wanted by who swaps batch by batch, for want of memory', () => {
    const scenario = Scenario.serving(3, { ...SPARE, maxSurge: 2, rolling: true })
    expect(reserves(scenario.reload())).toEqual([])
    expect(reserves(scenario.send(ready(4)))).toEqual([])
  })

  it('are those of the old generation again when it fails', () => {
    const scenario = Scenario.serving(2, SPARE)
    scenario.reload()
    expect(reserves(scenario.send(failed(3, THREW)))).toEqual([reserve(1, 1)])
  })

  it('are nobody else as long as nothing has been read', () => {
    const scenario = Scenario.serving(2, SPARE)
    scenario.send(RELOAD)
    expect(reserves(scenario.send(notPrepared(2)))).toEqual([])
  })
})

describe('spares, whatever happens', () => {
  it('are at last those that the generation which serves is to have, or none after a stop', () => {
    fc.assert(
      fc.property(beginnings, movesOf(RELOADS), (beginning, moves) => {
        const world = worldAfter(beginning, moves)
        settle(world)
        const { state } = world
        if (state.settings.spares === 0) return
        if (world.hasFinished) assert.equal(state.reserve?.count ?? 0, 0)
        else {
          const count = Math.min(state.settings.spares, state.slots.length)
          assert.deepEqual(state.reserve, { generation: state.generation, count })
        }
      }),
      often(100),
    )
  })
})
