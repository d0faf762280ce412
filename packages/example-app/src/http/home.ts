import type { FastifyInstance } from 'fastify'

const LINKS: readonly string[] = [
  '/healthz',
  '/lines',
  '/lines/1',
  '/stops/central-station/departures?at=08:00&limit=5',
  '/journeys?from=harbour&to=airport&at=08:00',
]

export function addHome(app: FastifyInstance): void {
  app.get('/', () => ({
    about: 'The timetable of a small tram network. All data is made up.',
    links: LINKS,
    // Reload the page to see another worker answer.
    pid: process.pid,
    worker: process.env['SUPERVISOR_WORKER_INDEX'] ?? null,
  }))
  app.get('/healthz', () => ({ status: 'ok' }))
}
