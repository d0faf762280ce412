import type { Minute } from './clock.ts'
import { nextStart, type Direction, type Timetable } from './timetable.ts'

/** Walking from one platform to another takes this long. */
export const CHANGE_TIME: Minute = 2

const MOST_RIDES = 4

export interface Ride {
  readonly line: string
  readonly headsign: string
  readonly from: string
  readonly departs: Minute
  readonly to: string
  readonly arrives: Minute
}

export interface Journey {
  readonly departs: Minute
  readonly arrives: Minute
  readonly rides: readonly Ride[]
}

/** How and when a stop is reached first; `before` is where the last ride was boarded. */
interface Reach {
  readonly arrives: Minute
  /** When the next tram can be boarded here. */
  readonly ready: Minute
  readonly ride?: Ride
  readonly before?: Reach
}

type Reaches = ReadonlyMap<string, Reach>

/** A tram being followed along its stops, from where it was boarded. */
interface Boarded {
  readonly start: Minute
  readonly from: string
  readonly departs: Minute
  readonly before: Reach
}

/**
 * The earliest arrival, with the fewest rides that make it. Works in rounds (the RAPTOR algorithm):
 * each round adds one ride to what the round before could reach, and only what gets there earlier counts.
 */
export function findJourney(timetable: Timetable, from: string, to: string, at: Minute): Journey | undefined {
  const best = new Map<string, Reach>([[from, { arrives: at, ready: at }]])
  let latest: Reaches = new Map(best)
  for (let rides = 1; rides <= MOST_RIDES && latest.size > 0; rides += 1) {
    latest = rideOnce(timetable, latest, best)
    for (const [stop, reach] of latest) best.set(stop, reach)
  }
  const reach = best.get(to)
  return reach && toJourney(reach)
}

function rideOnce(timetable: Timetable, boarding: Reaches, best: Reaches): Reaches {
  const reached = new Map<string, Reach>()
  for (const direction of timetable.directions) {
    for (const [stop, reach] of follow(direction, boarding)) {
      const known = reached.get(stop) ?? best.get(stop)
      if (known === undefined || reach.arrives < known.arrives) reached.set(stop, reach)
    }
  }
  return reached
}

function* follow(direction: Direction, boarding: Reaches): Generator<[string, Reach]> {
  let tram: Boarded | undefined
  for (const { stop, offset } of direction.calls) {
    if (tram !== undefined) yield [stop, alight(direction, tram, stop, tram.start + offset)]
    const before = boarding.get(stop)
    if (before === undefined) continue
    const start = nextStart(direction, before.ready - offset)
    // A later stop may have been reached in time for an earlier tram than the one being followed.
    if (start !== undefined && (tram === undefined || start < tram.start)) {
      tram = { start, from: stop, departs: start + offset, before }
    }
  }
}

function alight(direction: Direction, tram: Boarded, stop: string, arrives: Minute): Reach {
  const ride: Ride = {
    line: direction.line.id,
    headsign: direction.headsign,
    from: tram.from,
    departs: tram.departs,
    to: stop,
    arrives,
  }
  return { arrives, ready: arrives + CHANGE_TIME, ride, before: tram.before }
}

function toJourney(reach: Reach): Journey {
  const rides: Ride[] = []
  for (let step: Reach | undefined = reach; step?.ride !== undefined; step = step.before) {
    rides.unshift(step.ride)
  }
  return { departs: rides[0]?.departs ?? reach.arrives, arrives: reach.arrives, rides }
}
