import Fastify from 'fastify'

// Longer than the idle connections of a proxy in front, shorter than the supervisor's --graceful-timeout.
const app = Fastify({ keepAliveTimeout: 10_000 })

const schema = {
  querystring: {
    type: 'object',
    properties: { zone: { type: 'string', default: 'UTC', enum: ['UTC', ...Intl.supportedValuesOf('timeZone')] } },
  },
}

app.get('/time', { schema }, async (request) => {
  const { zone } = request.query
  const time = new Intl.DateTimeFormat('sv', { dateStyle: 'short', timeStyle: 'medium', timeZone: zone })
  return { zone, time: time.format(), pid: process.pid }
})

export default app
