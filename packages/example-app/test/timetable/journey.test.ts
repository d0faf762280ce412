import { describe, expect, test } from 'vitest'
import { formatClock, parseClock, type Minute } from '../../src/timetable/clock.ts'
import { CHANGE_TIME, findJourney, type Journey } from '../../src/timetable/journey.ts'
import { NETWORK, type Line } from '../../src/timetable/network.ts'
import { buildTimetable, type Timetable } from '../../src/timetable/timetable.ts'

const TIMETABLE = buildTimetable(NETWORK)
const STOPS = NETWORK.stops.map((stop) => stop.id)

function rides(journey: Journey | undefined): string[] | undefined {
  return journey?.rides.map(
    (ride) => `${formatClock(ride.departs)} ${ride.from} -${ride.line}-> ${ride.to} ${formatClock(ride.arrives)}`,
  )
}

function search(from: string, to: string, at: string): string[] | undefined {
  return rides(findJourney(TIMETABLE, from, to, parseClock(at)))
}

function line(id: string, from: string, to: string, first: string, last: string): Line {
  const calls = [
    { stop: from, offset: 0 },
    { stop: to, offset: 10 },
  ]
  return { id, name: id, calls, service: [{ first, last, every: 1440 }] }
}

/** Earliest arrivals by trying every tram of four days again and again until nothing improves. */
function exhaust({ directions }: Timetable, from: string, at: Minute): Map<string, Minute> {
  const best = new Map([[from, at]])
  for (let improved = true; improved;) {
    improved = false
    for (const { calls, starts } of directions) {
      for (const start of starts.flatMap((minute) => [-1440, 0, 1440, 2880].map((day) => minute + day))) {
        let aboard = false
        for (const { stop, offset } of calls) {
          const minute = start + offset
          if (aboard && minute < (best.get(stop) ?? Infinity)) {
            best.set(stop, minute)
            improved = true
          }
          aboard ||= minute >= (best.get(stop) ?? Infinity) + (stop === from ? 0 : CHANGE_TIME)
        }
      }
    }
  }
  return best
}

describe('findJourney', () => {
  test('rides one line without a change', () => {
    expect(search('harbour', 'north-park', '08:00')).toEqual(['08:00 harbour -1-> north-park 08:23'])
    expect(search('theatre', 'town-hall', '08:00')).toEqual(['08:05 theatre -2-> town-hall 08:08'])
  })

  test('changes once rather than twice for the same arrival', () => {
    expect(search('harbour', 'airport', '08:00')).toEqual([
      '08:00 harbour -1-> university 08:14',
      '08:20 university -4-> airport 08:39',
    ])
  })

  test('crosses midnight', () => {
    const journey = findJourney(TIMETABLE, 'harbour', 'airport', parseClock('23:55'))
    expect(rides(journey)).toEqual(['00:10 harbour -1-> university 00:24', '00:35 university -4-> airport 00:54'])
    expect(journey).toMatchObject({ departs: 1450, arrives: 1494 })
  })

  test('asked after midnight, takes the last tram, and after that the first of the morning', () => {
    expect(search('harbour', 'north-park', '00:30')).toEqual(['00:30 harbour -1-> north-park 00:53'])
    expect(search('harbour', 'north-park', '00:31')).toEqual(['04:50 harbour -1-> north-park 05:13'])
  })

  test('needs no ride to the same stop', () => {
    expect(findJourney(TIMETABLE, 'harbour', 'harbour', 480)).toEqual({ departs: 480, arrives: 480, rides: [] })
  })

  test('knows no way from or to an unknown stop', () => {
    expect(search('atlantis', 'harbour', '08:00')).toBeUndefined()
    expect(search('harbour', 'atlantis', '08:00')).toBeUndefined()
  })

  test('finds no way where no line goes', () => {
    const stops = ['a', 'b', 'c', 'd'].map((id) => ({ id, name: id }))
    const lines = [line('1', 'a', 'b', '08:00', '08:00'), line('2', 'c', 'd', '08:00', '08:00')]
    expect(findJourney(buildTimetable({ stops, lines }), 'a', 'd', 0)).toBeUndefined()
  })

  test.each([
    ['08:11', 1440 + 501],
    ['08:12', 502],
  ])('leaves time to change into the tram of %s', (connection, arrives) => {
    const stops = ['a', 'b', 'c'].map((id) => ({ id, name: id }))
    const lines = [line('1', 'a', 'b', '08:00', '08:00'), line('2', 'b', 'c', connection, connection)]
    expect(findJourney(buildTimetable({ stops, lines }), 'a', 'c', 480)?.arrives).toBe(arrives)
  })
})

describe('findJourney, from every stop to every other', () => {
  const times = ['00:00', '00:47', '03:00', '06:37', '08:02', '17:55', '22:41', '23:59'].map(parseClock)

  test.each(times)('arrives as early as an exhaustive search does, at minute %i', (at) => {
    for (const from of STOPS) {
      const found = new Map(STOPS.map((to) => [to, findJourney(TIMETABLE, from, to, at)?.arrives]))
      expect(found).toEqual(exhaust(TIMETABLE, from, at))
    }
  })

  test.each(times)('joins rides up, at minute %i', (at) => {
    for (const journey of STOPS.flatMap((from) => STOPS.map((to) => findJourney(TIMETABLE, from, to, at)))) {
      let ready = at
      let place = journey?.rides[0]?.from
      for (const ride of journey?.rides ?? []) {
        expect(ride.from).toBe(place)
        expect(ride.departs).toBeGreaterThanOrEqual(ready)
        expect(ride.arrives).toBeGreaterThan(ride.departs)
        ready = ride.arrives + CHANGE_TIME
        place = ride.to
      }
    }
  })
})
