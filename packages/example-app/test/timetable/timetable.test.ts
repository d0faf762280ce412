import { describe, expect, test } from 'vitest'
import { parseClock } from '../../src/timetable/clock.ts'
import type { Network } from '../../src/timetable/network.ts'
import { buildTimetable, nameOf, nextStart, type Direction } from '../../src/timetable/timetable.ts'

const NETWORK: Network = {
  stops: [
    { id: 'a', name: 'Abbey' },
    { id: 'b', name: 'Bridge' },
    { id: 'c', name: 'Castle' },
  ],
  lines: [
    {
      id: '9',
      name: 'Night Line',
      calls: [
        { stop: 'a', offset: 0 },
        { stop: 'b', offset: 3 },
        { stop: 'c', offset: 10 },
      ],
      service: [
        { first: '22:00', last: '22:20', every: 10 },
        { first: '24:30', last: '24:30', every: 30 },
      ],
    },
  ],
}

function outward(): Direction {
  const [direction] = buildTimetable(NETWORK).directions
  if (direction === undefined) throw new Error('the network has no direction')
  return direction
}

describe('buildTimetable', () => {
  test('makes two directions of a line, the second one mirrored', () => {
    const [there, back, ...others] = buildTimetable(NETWORK).directions
    expect(others).toEqual([])
    expect(there).toMatchObject({ headsign: 'Castle', calls: NETWORK.lines[0]?.calls })
    expect(back).toMatchObject({
      headsign: 'Abbey',
      calls: [
        { stop: 'c', offset: 0 },
        { stop: 'b', offset: 7 },
        { stop: 'a', offset: 10 },
      ],
    })
  })

  test('spells out the trams of a day, both ends of a band included', () => {
    expect(outward().starts).toEqual(['22:00', '22:10', '22:20', '24:30'].map(parseClock))
  })
})

describe('nextStart', () => {
  test.each([
    ['on the minute', 1320, 1320],
    ['between two trams', 1321, 1330],
    ['before midnight, for a tram after it', 1341, 1470],
    ['after midnight, for a tram of the service day before', 20, 30],
    ['after the last tram, for the first of the same evening', 31, 1320],
    ['after the last tram, for the first of the next evening', 1471, 2760],
    ['before today, for a tram that is already on its way', -100, -100],
    ['just before today, for the last tram of the service day before', -99, 30],
  ])('%s', (_, earliest, start) => {
    expect(nextStart(outward(), earliest)).toBe(start)
  })

  test('finds nothing on a line without trams', () => {
    expect(nextStart({ ...outward(), starts: [] }, 0)).toBeUndefined()
  })
})

test('nameOf falls back to the id', () => {
  const { stops } = buildTimetable(NETWORK)
  expect(nameOf(stops, 'a')).toBe('Abbey')
  expect(nameOf(stops, 'nowhere')).toBe('nowhere')
})
