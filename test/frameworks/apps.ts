/** The frameworks' own hello, and what a server object is: each says who answers, for which path. */
export const APPS: Readonly<Record<string, string>> = {
  Express: `
    import express from 'express'
    const app = express()
    app.get('/*path', (request, response) => response.send(process.pid + ' ' + request.url))
    export default app`,
  Koa: `
    import Koa from 'koa'
    const app = new Koa()
    app.use((context) => { context.body = process.pid + ' ' + context.url })
    export default app`,
  Fastify: `
    import Fastify from 'fastify'
    const app = Fastify()
    app.register(async (plugin) => plugin.get('/*', async (request) => process.pid + ' ' + request.url))
    export default app`,
  Hono: `
    import { Hono } from 'hono'
    const app = new Hono()
    app.get('/*', (context) => context.text(process.pid + ' ' + new URL(context.req.url).pathname))
    export default app`,
  h3: `
    import { H3 } from 'h3'
    const app = new H3()
    app.get('/**', (event) => process.pid + ' ' + event.url.pathname)
    export default app`,
  'an object with fetch(request)': `
    export default {
      fetch: (request) => new Response(process.pid + ' ' + new URL(request.url).pathname),
    }`,
  'an http.Server': `
    import { createServer } from 'node:http'
    export default createServer((request, response) => response.end(process.pid + ' ' + request.url))`,
}
