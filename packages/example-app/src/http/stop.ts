import type { Stop } from '../timetable/network.ts'
import type { Timetable } from '../timetable/timetable.ts'
import { NotFoundError } from './problem.ts'

export function requireStop(timetable: Timetable, id: string): Stop {
  const stop = timetable.stops.get(id)
  if (stop === undefined) {
    throw new NotFoundError(`There is no stop "${id}"; GET /lines/:id lists the stops of a line.`)
  }
  return stop
}
