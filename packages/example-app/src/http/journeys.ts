import type { FastifyInstance } from 'fastify'
import { formatClock, parseClock, TIME_OF_DAY_PATTERN, type Minute } from '../timetable/clock.ts'
import { findJourney, type Journey, type Ride } from '../timetable/journey.ts'
import { nameOf, type Timetable } from '../timetable/timetable.ts'
import { NotFoundError } from './problem.ts'
import { requireStop } from './stop.ts'

interface Request {
  Querystring: { from: string; to: string; at: string }
}

interface RideAnswer extends Omit<Ride, 'departs' | 'arrives'> {
  readonly departs: string
  readonly arrives: string
}

interface JourneyAnswer {
  readonly departs: string
  readonly arrives: string
  /** Counted from the time asked for, so it also tells today from tomorrow. */
  readonly inMinutes: Minute
  readonly minutes: Minute
  readonly rides: readonly RideAnswer[]
}

const QUERY = {
  type: 'object',
  required: ['from', 'to', 'at'],
  properties: {
    from: { type: 'string' },
    to: { type: 'string' },
    at: { type: 'string', pattern: TIME_OF_DAY_PATTERN },
  },
}

export function addJourneys(app: FastifyInstance, timetable: Timetable): void {
  app.get<Request>('/journeys', { schema: { querystring: QUERY } }, (request) => {
    const from = requireStop(timetable, request.query.from)
    const to = requireStop(timetable, request.query.to)
    const at = parseClock(request.query.at)
    const journey = findJourney(timetable, from.id, to.id, at)
    if (journey === undefined) {
      throw new NotFoundError(`No tram goes from ${from.name} to ${to.name}.`)
    }
    return { from, to, at: request.query.at, journey: present(timetable, journey, at) }
  })
}

function present(timetable: Timetable, journey: Journey, at: Minute): JourneyAnswer {
  return {
    departs: formatClock(journey.departs),
    arrives: formatClock(journey.arrives),
    inMinutes: journey.departs - at,
    minutes: journey.arrives - journey.departs,
    rides: journey.rides.map((ride) => ({
      line: ride.line,
      headsign: ride.headsign,
      from: nameOf(timetable.stops, ride.from),
      departs: formatClock(ride.departs),
      to: nameOf(timetable.stops, ride.to),
      arrives: formatClock(ride.arrives),
    })),
  }
}
