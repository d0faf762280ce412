import { describe, expect, test } from 'vitest'
import { formatClock, parseClock } from '../../src/timetable/clock.ts'
import { nextDepartures } from '../../src/timetable/departures.ts'
import { NETWORK } from '../../src/timetable/network.ts'
import { buildTimetable } from '../../src/timetable/timetable.ts'

const TIMETABLE = buildTimetable(NETWORK)

function board(stop: string, at: string, limit: number): string[] {
  return nextDepartures(TIMETABLE, stop, parseClock(at), limit).map(
    ({ line, headsign, departs }) => `${formatClock(departs)} ${line} ${headsign}`,
  )
}

describe('nextDepartures', () => {
  test('mixes lines and directions by time, with the tram of this very minute', () => {
    expect(board('central-station', '08:00', 5)).toEqual([
      '08:00 1 North Park',
      '08:03 1 Harbour',
      '08:05 3 Lake Shore',
      '08:07 3 South Field',
      '08:10 1 North Park',
    ])
  })

  test('leaves out trams that end at the stop', () => {
    const headsigns = nextDepartures(TIMETABLE, 'north-park', 480, 1000).map(({ headsign }) => headsign)
    expect(new Set(headsigns)).toEqual(new Set(['Harbour']))
  })

  test('goes on past midnight', () => {
    expect(board('harbour', '23:45', 4)).toEqual([
      '23:50 1 North Park',
      '00:10 1 North Park',
      '00:30 1 North Park',
      '04:50 1 North Park',
    ])
    const minutes = nextDepartures(TIMETABLE, 'harbour', 1425, 4).map(({ departs }) => departs)
    expect(minutes).toEqual([1430, 1450, 1470, 1730])
  })

  test('asked after midnight, still has the last trams of the day before', () => {
    expect(board('harbour', '00:15', 2)).toEqual(['00:30 1 North Park', '04:50 1 North Park'])
  })

  test('has the last tram in its own minute and the first one of the morning a minute later', () => {
    expect(nextDepartures(TIMETABLE, 'harbour', 30, 1)).toMatchObject([{ departs: 30 }])
    expect(nextDepartures(TIMETABLE, 'harbour', 31, 1)).toMatchObject([{ departs: 290 }])
  })

  test('knows nothing of an unknown stop', () => {
    expect(nextDepartures(TIMETABLE, 'atlantis', 480, 5)).toEqual([])
  })

  test('gives as many as the limit says, and each tram of 24 hours once at most', () => {
    expect(board('harbour', '08:00', 0)).toEqual([])
    expect(board('harbour', '08:00', 1)).toHaveLength(1)
    const all = board('harbour', '08:00', Number.MAX_SAFE_INTEGER)
    expect(all).toHaveLength(6 + 78 + 15)
    expect(new Set(all).size).toBe(all.length)
  })

  test('is sorted and within 24 hours, whatever the time', () => {
    for (let at = 0; at < 1440; at += 7) {
      const times = nextDepartures(TIMETABLE, 'hospital', at, 1000).map(({ departs }) => departs)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(times[0]).toBeGreaterThanOrEqual(at)
      expect(times.at(-1)).toBeLessThan(at + 1440)
    }
  })
})
