import { wrapDay, type Minute } from './clock.ts'
import type { Direction, Timetable } from './timetable.ts'

export interface Departure {
  readonly line: string
  readonly headsign: string
  readonly departs: Minute
}

/** The next trams from a stop within 24 hours, soonest first, so a late evening runs into the morning. */
export function nextDepartures(timetable: Timetable, stop: string, at: Minute, limit: number): Departure[] {
  return timetable.directions
    .flatMap((direction) => departuresOf(direction, stop, at))
    .toSorted((a, b) => a.departs - b.departs)
    .slice(0, limit)
}

function departuresOf(direction: Direction, stop: string, at: Minute): Departure[] {
  // Nobody can board where the tram ends.
  const call = direction.calls.slice(0, -1).find((candidate) => candidate.stop === stop)
  if (call === undefined) return []
  return direction.starts.map((start) => ({
    line: direction.line.id,
    headsign: direction.headsign,
    departs: at + wrapDay(start + call.offset - at),
  }))
}
