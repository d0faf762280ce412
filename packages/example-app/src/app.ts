import { fastify, type FastifyInstance } from 'fastify'
import { addDepartures } from './http/departures.ts'
import { addHome } from './http/home.ts'
import { addJourneys } from './http/journeys.ts'
import { addLines } from './http/lines.ts'
import { addProblemHandlers, describeInvalid } from './http/problem.ts'
import { NETWORK } from './timetable/network.ts'
import { buildTimetable } from './timetable/timetable.ts'

export interface AppOptions {
  readonly log?: boolean
}

export function buildApp(options: AppOptions = {}): FastifyInstance {
  const app = fastify({
    logger: options.log ?? false,
    // Fastify's 72 s would let an idle client hold up a graceful stop for that long.
    keepAliveTimeout: 5_000,
    schemaErrorFormatter: describeInvalid,
  })
  const timetable = buildTimetable(NETWORK)
  addProblemHandlers(app)
  addHome(app)
  addLines(app, timetable)
  addDepartures(app, timetable)
  addJourneys(app, timetable)
  return app
}
