/**
 * An app of each framework with what clients of `Traffic` ask for: who answers, a stream that takes its time, and an
 * upload that is counted. Each does it as the framework's own documentation would.
 */
export const VERSION_APPS: Readonly<Record<string, (version: string) => string>> = {
  'Express 5': (version) => `
    import express from 'express'
    ${common(version)}
    const app = express()
    app.get('/', (request, response) => response.json(facts))
    app.get('/stream', (request, response) => Readable.from(pieces()).pipe(response))
    app.post('/upload', express.raw({ type: () => true }), (request, response) => response.send(String(request.body.length)))
    export default app`,
  'Express 5 that listens': (version) => `
    import express from 'express'
    ${common(version)}
    const app = express()
    app.get('/', (request, response) => response.json(facts))
    app.get('/stream', (request, response) => Readable.from(pieces()).pipe(response))
    app.post('/upload', express.raw({ type: () => true }), (request, response) => response.send(String(request.body.length)))
    app.listen(0, '127.0.0.1')`,
  'Fastify 5': (version) => `
    import Fastify from 'fastify'
    ${common(version)}
    const app = Fastify()
    app.addContentTypeParser('*', (request, payload) => bytesIn(payload))
    app.get('/', async () => facts)
    app.get('/stream', async (request, reply) => reply.send(Readable.from(pieces())))
    app.post('/upload', async (request) => String(request.body))
    export default app`,
  'Koa 3': (version) => `
    import Koa from 'koa'
    ${common(version)}
    const app = new Koa()
    app.use(async (context) => {
      if (context.path === '/stream') context.body = Readable.from(pieces())
      else if (context.path === '/upload') context.body = String(await bytesIn(context.req))
      else context.body = facts
    })
    export default app`,
  'Hono 4': (version) => `
    import { Hono } from 'hono'
    import { streamText } from 'hono/streaming'
    ${common(version)}
    const app = new Hono()
    app.get('/', (context) => context.json(facts))
    app.get('/stream', (context) => streamText(context, async (stream) => {
      for await (const piece of pieces()) await stream.write(piece)
    }))
    app.post('/upload', async (context) => context.text(String((await context.req.arrayBuffer()).byteLength)))
    export default app`,
  'h3 2': (version) => `
    import { H3 } from 'h3'
    ${common(version)}
    const app = new H3()
    app.get('/', () => facts)
    app.get('/stream', () => ReadableStream.from(pieces()).pipeThrough(new TextEncoderStream()))
    app.post('/upload', async (event) => String((await event.req.arrayBuffer()).byteLength))
    export default app`,
}

function common(version: string): string {
  return `
    import { Readable } from 'node:stream'
    import { setTimeout as wait } from 'node:timers/promises'
    const { pid, env } = process
    const facts = { pid, version: '${version}', index: Number(env.SUPERVISOR_WORKER_INDEX) }
    async function* pieces() {
      for (let sent = 0; sent < 5; sent++) {
        yield 'x'.repeat(1000)
        await wait(20)
      }
    }
    async function bytesIn(body) {
      let bytes = 0
      for await (const chunk of body) bytes += chunk.length
      return bytes
    }`
}
