import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { afterFailure, backoff, draw } from '../../packages/supervisor/src/core/restart-budget.ts'
import type { Slot } from '../../packages/supervisor/src/core/types.ts'

const slot = (failures: number): Slot => ({ index: 3, failures, forkAt: 0, forkReason: 'boot', lastExit: null })
const seeds = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }))

describe('a draw', () => {
  it('is at least 0 and below 1, whatever the seed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { value } = draw(seed)
        expect(value).toBeGreaterThanOrEqual(0)
        expect(value).toBeLessThan(1)
      }),
      { numRuns: 1000 },
    )
  })

  it('depends on the seed alone', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(draw(seed)).toEqual(draw(seed))
        expect(draw(seed).seed).not.toBe(seed)
      }),
    )
  })

  it('is spread evenly over many draws in a row', () => {
    const tenths = Array.from({ length: 10 }, () => 0)
    let seed = 42
    for (let drawn = 0; drawn < 10_000; drawn++) {
      const next = draw(seed)
      tenths[Math.floor(next.value * 10)]! += 1
      seed = next.seed
    }
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})

describe('the delay after failures in a row', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 100],
    [3, 200],
    [4, 400],
    [5, 800],
    [6, 1600],
    [7, 3200],
    [8, 6400],
    [9, 12_800],
    [10, 25_600],
    [11, 30_000],
    [12, 30_000],
    [100, 30_000],
    [1_000_000, 30_000],
  ])('is after %i failures %i ms', (failures, delayMs) => {
    expect(backoff(failures)).toBe(delayMs)
  })

  it('varies by at most a fifth in both directions, and never exceeds 30 s', () => {
    fc.assert(
      fc.property(seeds, fc.nat(200), fc.nat(1e9), (seed, failures, now) => {
        const next = afterFailure(slot(failures), 0, now, seed)
        const nominal = backoff(failures + 1)
        expect(next.delayMs).toBeGreaterThanOrEqual(Math.floor(nominal * 0.8))
        expect(next.delayMs).toBeLessThanOrEqual(Math.min(30_000, Math.ceil(nominal * 1.2)))
        expect(Number.isInteger(next.delayMs)).toBe(true)
        expect(next.slot).toEqual({
          index: 3,
          failures: failures + 1,
          forkAt: now + next.delayMs,
          forkReason: 'crashed',
          lastExit: null,
        })
      }),
      { numRuns: 1000 },
    )
  })

  it('uses the whole width of that', () => {
    const delays: number[] = []
    let seed = 7
    for (let drawn = 0; drawn < 1000; drawn++) {
      const next = afterFailure(slot(5), 0, 0, seed)
      delays.push(next.delayMs)
      seed = next.seed
    }
    expect(Math.min(...delays)).toBeLessThan(1600 * 0.82)
    expect(Math.max(...delays)).toBeGreaterThan(1600 * 1.18)
  })

  it.each([
    [59_999, 9],
    [60_000, 1],
    [3_600_000, 1],
  ])(
    'forgives earlier failures to a worker that was ready for a minute: %i ms, %i failures',
    (readyForMs, failures) => {
      const next = afterFailure(slot(8), readyForMs, 1000, 1)
      expect(next.slot.failures).toBe(failures)
      expect(next.delayMs === 0).toBe(failures === 1)
    },
  )
})
