import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import Koa from 'koa'

const app = new Koa()

app.use(async (context, next) => {
  const start = performance.now()
  await next()
  context.set('Server-Timing', `app;dur=${(performance.now() - start).toFixed(1)}`)
})

/** The digest of whatever is sent, however large: the body is never in memory as a whole. */
app.use(async (context) => {
  if (context.method !== 'POST') context.throw(405, 'POST something')
  const hash = createHash('sha256')
  await pipeline(context.req, hash)
  context.body = { sha256: hash.digest('hex'), pid: process.pid }
})

export default app
