import { DAY, parseClock, type Minute } from './clock.ts'
import type { Band, Call, Line, Network, Stop } from './network.ts'

/** One way along a line. */
export interface Direction {
  readonly line: Line
  /** The last stop, as shown on the front of the tram. */
  readonly headsign: string
  readonly calls: readonly Call[]
  /** When each tram of a day leaves the first stop, in ascending order. */
  readonly starts: readonly Minute[]
}

export interface Timetable {
  readonly stops: ReadonlyMap<string, Stop>
  readonly lines: ReadonlyMap<string, Line>
  readonly directions: readonly Direction[]
}

export function buildTimetable(network: Network): Timetable {
  const stops = new Map(network.stops.map((stop) => [stop.id, stop]))
  return {
    stops,
    lines: new Map(network.lines.map((line) => [line.id, line])),
    directions: network.lines.flatMap((line) => {
      const starts = line.service.flatMap(startsIn)
      return [line.calls, reverse(line.calls)].map((calls) => ({
        line,
        headsign: nameOf(stops, calls.at(-1)?.stop ?? ''),
        calls,
        starts,
      }))
    }),
  }
}

/**
 * The first tram to leave the first stop of `direction` at or after `earliest`, today or on a later day.
 * Trams that set out before midnight count as well: `earliest` may be negative.
 */
export function nextStart(direction: Direction, earliest: Minute): Minute | undefined {
  const last = direction.starts.at(-1)
  if (last === undefined) return undefined
  const day = Math.ceil((earliest - last) / DAY) * DAY
  const start = direction.starts.find((candidate) => candidate + day >= earliest)
  return start === undefined ? undefined : start + day
}

export function nameOf(stops: ReadonlyMap<string, Stop>, id: string): string {
  return stops.get(id)?.name ?? id
}

function startsIn(band: Band): Minute[] {
  const first = parseClock(band.first)
  const count = Math.floor((parseClock(band.last) - first) / band.every) + 1
  return Array.from({ length: count }, (_, index) => first + index * band.every)
}

function reverse(calls: readonly Call[]): Call[] {
  const total = calls.at(-1)?.offset ?? 0
  return calls.map(({ stop, offset }) => ({ stop, offset: total - offset })).toReversed()
}
