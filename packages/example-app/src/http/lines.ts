import type { FastifyInstance } from 'fastify'
import { formatClock } from '../timetable/clock.ts'
import type { Line } from '../timetable/network.ts'
import { nameOf, type Timetable } from '../timetable/timetable.ts'
import { NotFoundError } from './problem.ts'

interface Summary {
  readonly id: string
  readonly name: string
  readonly from: string
  readonly to: string
}

interface Detail extends Summary {
  readonly stops: readonly { id: string; name: string; minutes: number }[]
  readonly first: string
  readonly last: string
}

export function addLines(app: FastifyInstance, timetable: Timetable): void {
  app.get('/lines', () => ({
    lines: [...timetable.lines.values()].map((line) => summarize(timetable, line)),
  }))
  app.get<{ Params: { id: string } }>('/lines/:id', (request) => {
    const line = timetable.lines.get(request.params.id)
    if (line === undefined) {
      throw new NotFoundError(`There is no line "${request.params.id}"; GET /lines lists them.`)
    }
    return detail(timetable, line)
  })
}

function summarize(timetable: Timetable, line: Line): Summary {
  return {
    id: line.id,
    name: line.name,
    from: nameOf(timetable.stops, line.calls.at(0)?.stop ?? ''),
    to: nameOf(timetable.stops, line.calls.at(-1)?.stop ?? ''),
  }
}

function detail(timetable: Timetable, line: Line): Detail {
  const starts = timetable.directions.find((direction) => direction.line === line)?.starts ?? []
  return {
    ...summarize(timetable, line),
    stops: line.calls.map(({ stop, offset }) => ({
      id: stop,
      name: nameOf(timetable.stops, stop),
      minutes: offset,
    })),
    first: formatClock(starts.at(0) ?? 0),
    last: formatClock(starts.at(-1) ?? 0),
  }
}
