import { describe, expect, test } from 'vitest'
import { parseClock } from '../../src/timetable/clock.ts'
import { NETWORK } from '../../src/timetable/network.ts'

describe('the network data', () => {
  test('has no id twice', () => {
    for (const ids of [NETWORK.stops, NETWORK.lines].map((list) => list.map(({ id }) => id))) {
      expect(new Set(ids).size).toBe(ids.length)
    }
  })

  test('uses every stop, and only stops that exist', () => {
    const used = new Set(NETWORK.lines.flatMap((line) => line.calls.map((call) => call.stop)))
    expect([...used].toSorted()).toEqual(NETWORK.stops.map((stop) => stop.id).toSorted())
  })

  test.each(NETWORK.lines)('runs line $id forward in time and past no stop twice', ({ calls }) => {
    const offsets = calls.map((call) => call.offset)
    expect(offsets[0]).toBe(0)
    expect(offsets).toEqual([...new Set(offsets)].toSorted((a, b) => a - b))
    expect(new Set(calls.map((call) => call.stop)).size).toBe(calls.length)
  })

  test.each(NETWORK.lines)('serves line $id in whole intervals, in order, within 24 hours', ({ service }) => {
    const ends = service.flatMap((band) => [parseClock(band.first), parseClock(band.last)])
    expect(ends).toEqual([...new Set(ends)].toSorted((a, b) => a - b))
    expect((ends.at(-1) ?? 0) - (ends[0] ?? 0)).toBeLessThan(1440)
    for (const band of service) {
      expect((parseClock(band.last) - parseClock(band.first)) % band.every).toBe(0)
    }
  })
})
