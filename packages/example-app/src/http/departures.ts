import type { FastifyInstance } from 'fastify'
import { formatClock, parseClock, TIME_OF_DAY_PATTERN } from '../timetable/clock.ts'
import { nextDepartures } from '../timetable/departures.ts'
import type { Timetable } from '../timetable/timetable.ts'
import { requireStop } from './stop.ts'

interface Request {
  Params: { id: string }
  Querystring: { at: string; limit: number }
}

// `at` has no default: "now" would be the clock of whichever process answers.
const QUERY = {
  type: 'object',
  required: ['at'],
  properties: {
    at: { type: 'string', pattern: TIME_OF_DAY_PATTERN },
    limit: { type: 'integer', minimum: 1, maximum: 50, default: 5 },
  },
}

export function addDepartures(app: FastifyInstance, timetable: Timetable): void {
  const schema = { querystring: QUERY }
  app.get<Request>('/stops/:id/departures', { schema }, (request) => {
    const stop = requireStop(timetable, request.params.id)
    const at = parseClock(request.query.at)
    const departures = nextDepartures(timetable, stop.id, at, request.query.limit)
    return {
      stop,
      at: request.query.at,
      departures: departures.map(({ line, headsign, departs }) => ({
        line,
        headsign,
        departs: formatClock(departs),
        inMinutes: departs - at,
      })),
    }
  })
}
