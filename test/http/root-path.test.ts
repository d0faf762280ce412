import { describe, expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import type { Cli } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { ask2, factsOf, factsOfHandedOver, rawAnswer, serveFacts, serveFacts2, type Facts } from './facts.ts'

const ROOT = ['--root-path', '/main_server']

/** What a client asks for, and what the app sees of it: the path as it is behind the proxy, and the whole one. */
const PATHS: readonly (readonly [asked: string, url: string, originalUrl: string])[] = [
  ['/main_server/items?a=1', '/items?a=1', '/main_server/items?a=1'],
  // A proxy has taken the path away.
  ['/items?a=1', '/items?a=1', '/main_server/items?a=1'],
  ['/main_server', '/', '/main_server'],
  ['/main_server/', '/', '/main_server/'],
  ['/main_server?a=1', '/?a=1', '/main_server?a=1'],
  ['/', '/', '/main_server/'],
  ['/?a=/main_server/', '/?a=/main_server/', '/main_server/?a=/main_server/'],
  // Not by whole segments, or not as it is written.
  ['/main_server2/items', '/main_server2/items', '/main_server/main_server2/items'],
  ['/main_serve', '/main_serve', '/main_server/main_serve'],
  ['/Main_Server/items', '/Main_Server/items', '/main_server/Main_Server/items'],
  ['/main%5Fserver/items', '/main%5Fserver/items', '/main_server/main%5Fserver/items'],
  ['/items/main_server/x', '/items/main_server/x', '/main_server/items/main_server/x'],
  // Once only, and the rest as it is.
  ['/main_server/main_server/x', '/main_server/x', '/main_server/main_server/x'],
  ['/main_server/../x', '/../x', '/main_server/../x'],
  ['/main_server/a%2Fb//c', '/a%2Fb//c', '/main_server/a%2Fb//c'],
]

describe('--root-path is left out of the URL that the app sees', () => {
  it('and kept in originalUrl and baseUrl', async () => {
    await using cli = await serveFacts(ROOT)
    for (const [path, url, originalUrl] of PATHS) {
      const facts = await factsOf({ port: cli.port, path })
      expect(facts, path).toMatchObject({ url, originalUrl, baseUrl: '/main_server', rootPath: '/main_server' })
    }
  })

  it('over HTTP/2 as well, whichever way the app looks at its streams', async () => {
    await using cli = await serveFacts2(ROOT)
    const to = { port: cli.port, host: '127.0.0.1' }
    for (const [path, url, originalUrl] of PATHS) {
      const facts = JSON.parse((await ask2(to, { ':path': path })).body) as Facts
      expect(facts, path).toMatchObject({ url, originalUrl, baseUrl: '/main_server', headers: { ':path': url } })
      expect(facts.rawHeaders[facts.rawHeaders.indexOf(':path') + 1]).toBe(url)
    }
    const stream = JSON.parse((await ask2(to, { ':path': '/main_server/stream' })).body) as Facts
    expect(stream.headers[':path']).toBe('/stream')
  })

  it('in upgrades', async () => {
    await using cli = await serveFacts(ROOT)
    const to = { port: cli.port, host: '127.0.0.1' }
    const head = ['Host: a', 'Connection: Upgrade', 'Upgrade: facts']
    for (const path of ['/main_server/socket', '/socket']) {
      const facts = await factsOfHandedOver(to, [`GET ${path} HTTP/1.1`, ...head])
      expect(facts).toMatchObject({ url: '/socket', originalUrl: '/main_server/socket', baseUrl: '/main_server' })
    }
  })

  it('and of one that names its host, as for a proxy', async () => {
    await using cli = await serveFacts(ROOT)
    const asked = async (path: string): Promise<Facts> => await factsOf({ port: cli.port, path })
    const originalUrl = 'http://a.example/main_server/x?y'
    expect(await asked('http://a.example/main_server/x?y')).toMatchObject({ url: 'http://a.example/x?y', originalUrl })
    expect(await asked('http://a.example/x?y')).toMatchObject({ url: 'http://a.example/x?y', originalUrl })
    expect(await asked('http://a.example/main_server')).toMatchObject({ url: 'http://a.example/' })
  })

  it('but not of what is no path: CONNECT, and OPTIONS of the server', async () => {
    await using cli = await serveFacts(ROOT)
    const to = { port: cli.port, host: '127.0.0.1' }
    const connected = await factsOfHandedOver(to, ['CONNECT main_server:443 HTTP/1.1', 'Host: a'])
    expect(connected.url).toBe('main_server:443')
    expect(connected).not.toHaveProperty('originalUrl')
    expect((await factsOf({ port: cli.port, path: '*', method: 'OPTIONS' })).url).toBe('*')
  })

  it('may have several segments, and a slash at its end', async () => {
    await using cli = await serveFacts(['--root-path', '/shops/main~1/'])
    const facts = await factsOf({ port: cli.port, path: '/shops/main~1/items' })
    expect(facts).toMatchObject({ url: '/items', baseUrl: '/shops/main~1', rootPath: '/shops/main~1' })
    expect((await factsOf({ port: cli.port, path: '/shops/items' })).url).toBe('/shops/items')
  })

  it('is none where it is / alone, or not given', async () => {
    for (const args of [['--root-path', '/'], []]) {
      await using cli = await serveFacts(args)
      const facts = await factsOf({ port: cli.port, path: '/items' })
      expect(facts).toMatchObject({ url: '/items', rootPath: null })
      expect(facts).not.toHaveProperty('originalUrl')
      expect(facts).not.toHaveProperty('baseUrl')
    }
  })
})

it('the path of --ready-path is the one that the app sees', async () => {
  using project = new Project({
    'app.mjs': `export default (request, response) => response.writeHead(request.url === '/ready' ? 200 : 404).end()`,
  })
  const args = ['--bind', '127.0.0.1:0', ...ROOT, '--ready-path', '/ready', '--shutdown-delay', '60', 'app.mjs']
  await using cli = await project.serving(args)
  const statusOf = async (path: string): Promise<unknown> => (await ask({ port: cli.port, path })).status
  expect([await statusOf('/ready'), await statusOf('/main_server/ready')]).toEqual([200, 200])
  cli.signal('SIGTERM')
  await until('the path is refused', async () => (await statusOf('/main_server/ready')) === 503)
  expect(await statusOf('/ready')).toBe(503)
})

/** Apps with a router in a router: each says what it has been asked for, and where its own pages are. */
const APPS: Readonly<Record<string, string>> = {
  'a plain handler': `
    export default (request, response) => {
      if (request.url !== '/items/7?a=1') return response.writeHead(404).end()
      response.end(JSON.stringify({ url: request.url, whole: request.originalUrl, base: request.baseUrl, link: process.env.ROOT_PATH + '/items' }))
    }`,
  Express: `
    import express from 'express'
    const items = express.Router()
    items.get('/:id', (request, response) => {
      const { url, originalUrl, baseUrl } = request
      response.json({ url: '/items' + url, whole: originalUrl, base: baseUrl.replace('/items', ''), link: baseUrl })
    })
    export default express().use('/items', items)`,
  Fastify: `
    import Fastify from 'fastify'
    const app = Fastify()
    app.get('/items/:id', async (request) => ({
      url: request.url, whole: request.originalUrl, base: request.raw.baseUrl, link: process.env.ROOT_PATH + '/items',
    }))
    export default app`,
  Koa: `
    import Koa from 'koa'
    const app = new Koa()
    app.use((context) => {
      if (context.path !== '/items/7') return
      const { originalUrl, baseUrl } = context.req
      context.body = { url: context.url, whole: originalUrl, base: baseUrl, link: process.env.ROOT_PATH + '/items' }
    })
    export default app`,
  Hono: `
    import { Hono } from 'hono'
    const app = new Hono()
    app.get('/items/:id', (context) => {
      const { pathname, search } = new URL(context.req.url)
      const { originalUrl, baseUrl } = context.req.raw.runtime.node.req
      return context.json({ url: pathname + search, whole: originalUrl, base: baseUrl, link: process.env.ROOT_PATH + '/items' })
    })
    export default app`,
  h3: `
    import { H3 } from 'h3'
    const app = new H3()
    app.get('/items/:id', (event) => {
      const { originalUrl, baseUrl } = event.runtime.node.req
      return { url: event.url.pathname + event.url.search, whole: originalUrl, base: baseUrl, link: process.env.ROOT_PATH + '/items' }
    })
    export default app`,
}

describe('--root-path, whether the proxy takes it away or not, with', () => {
  it.each(Object.entries(APPS))('%s', async (_what, source) => {
    using project = new Project({ 'app.mjs': source }, 'frameworks')
    await using cli = await project.serving(['--bind', '127.0.0.1:0', ...ROOT, 'app.mjs'])
    for (const path of ['/main_server/items/7?a=1', '/items/7?a=1']) {
      expect(await jsonOf(cli, path)).toEqual({
        url: '/items/7?a=1',
        whole: '/main_server/items/7?a=1',
        base: '/main_server',
        link: '/main_server/items',
      })
    }
  })

  it('an app that listens by itself', async () => {
    const source = `
      import { createServer } from 'node:http'
      const server = createServer((request, response) => response.end(JSON.stringify([request.url, process.env.ROOT_PATH])))
      server.listen(0, '127.0.0.1')`
    using project = new Project({ 'app.mjs': source })
    await using cli = await project.serving([...ROOT, 'app.mjs'])
    for (const path of ['/main_server/items', '/items'])
      expect(await jsonOf(cli, path)).toEqual(['/items', '/main_server'])
  })

  it('Fastify over HTTP/2, whose requests Node makes of streams', async () => {
    const source = `
      import Fastify from 'fastify'
      const app = Fastify({ http2: true })
      app.get('/items', async (request) => [request.url, request.originalUrl, request.raw.baseUrl])
      export default app`
    using project = new Project({ 'app.mjs': source }, 'frameworks')
    await using cli = await project.serving(['--bind', '127.0.0.1:0', ...ROOT, 'app.mjs'])
    for (const path of ['/main_server/items', '/items']) {
      const { body } = await ask2({ port: cli.port, host: '127.0.0.1' }, { ':path': path })
      expect(JSON.parse(body)).toEqual(['/items', '/main_server/items', '/main_server'])
    }
  })
})

it('requests that come one behind the other in a connection are each seen without it', async () => {
  await using cli = await serveFacts(ROOT)
  const request = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`
  const bytes = request('/main_server/a') + request('/main_server/b') + request('/c', 'Connection: close\r\n')
  const answer = await rawAnswer({ port: cli.port, host: '127.0.0.1' }, bytes)
  expect([...answer.matchAll(/"url":"(?<url>[^"]*)"/g)].map(({ groups }) => groups?.['url'])).toEqual([
    '/a',
    '/b',
    '/c',
  ])
})

async function jsonOf(cli: Cli, path: string): Promise<unknown> {
  const { body, status, error } = await ask({ port: cli.port, path })
  expect({ status, error }).toEqual({ status: 200, error: undefined })
  return JSON.parse(body) as unknown
}
