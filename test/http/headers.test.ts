import { describe, expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { ask, type Answer } from '../harness/client.ts'
import { ask2, rawAnswer } from './facts.ts'

const FLAGS = [
  '--header',
  'X-Frame-Options: DENY',
  '--header',
  'x-empty:',
  '--header',
  'Link:</a>; rel=preload',
  '--header',
  'link:</b>',
]
const ADDED = { 'x-frame-options': 'DENY', 'x-empty': '', link: '</a>; rel=preload, </b>' }

/** An app that answers in many ways, by path. */
const APP = `
  import { createServer } from 'node:http'
  const ways = {
    '/set': (response) => response.setHeader('X-Own', '1').end(),
    '/object': (response) => response.writeHead(200, { 'X-Own': '1' }).end(),
    '/phrase': (response) => response.writeHead(200, 'Fine', { 'X-Own': '1' }).end(),
    '/flat': (response) => response.writeHead(200, ['X-Own', '1']).end(),
    '/flat-and-set': (response) => response.setHeader('X-Other', '2').writeHead(200, ['X-Own', '1']).end(),
    '/pairs': (response) => response.writeHead(200, [['X-Own', '1']]).end(),
    '/flush': (response) => (response.setHeader('X-Own', '1'), response.flushHeaders(), response.end()),
    '/stream': (response) => (response.setHeader('X-Own', '1'), response.write('a'), response.end()),
    '/cleared': (response) => {
      for (const name of response.getHeaderNames()) response.removeHeader(name)
      response.setHeader('X-Own', '1').end()
    },
    '/early': (response) => (response.writeEarlyHints({ link: '</hint>' }), response.setHeader('X-Own', '1').end()),
    '/own-set': (response) => response.setHeader('X-FRAME-OPTIONS', 'own').end(),
    '/own-object': (response) => response.writeHead(200, { 'x-frame-options': 'own' }).end(),
    '/own-flat': (response) => response.writeHead(200, ['X-Frame-Options', 'own']).end(),
    '/own-pairs': (response) => response.writeHead(200, [['x-Frame-options', 'own']]).end(),
    '/date': (response) => response.setHeader('Date', 'today').end(),
  }
  export default createServer((request, response) => (ways[request.url] ?? ((other) => other.end()))(response))`

/** The same for streams of HTTP/2, and by the way of requests. */
const APP2 = `
  import { openSync } from 'node:fs'
  import { createServer } from 'node:http2'
  const file = new URL('file.txt', import.meta.url)
  const ways = {
    '/stream': (stream) => (stream.respond({ ':status': 200, 'x-own': '1' }), stream.end()),
    '/bare': (stream) => (stream.respond(), stream.end()),
    '/file': (stream) => stream.respondWithFile(file, { 'x-own': '1' }),
    '/fd': (stream) => stream.respondWithFD(openSync(file), { 'x-own': '1' }),
    '/own': (stream) => (stream.respond({ 'X-Frame-Options': 'own' }), stream.end()),
    '/raw': (stream) => (stream.respond([':status', '200', 'X-Own', '1', 'X-Frame-Options', 'own']), stream.end()),
  }
  const server = createServer()
  server.on('stream', (stream, headers) => ways[headers[':path']]?.(stream))
  server.on('request', (request, response) => {
    if (request.url === '/request') (response.setHeader('x-own', '1'), response.end())
    if (request.url === '/own-request') response.writeHead(200, { 'x-frame-options': 'own' }).end()
  })
  export default server`

/** Whether this Node takes the headers of a stream as a flat list too. */
const TAKES_RAW = Number(process.versions.node.split('.')[0]) >= 26

const BIND = ['--bind', '127.0.0.1:0']

async function answers(args: readonly string[], paths: readonly string[], source = APP): Promise<Answer[]> {
  using project = new Project({ 'app.mjs': source }, 'frameworks')
  await using cli = await project.serving([...BIND, ...args, 'app.mjs'])
  return await Promise.all(paths.map((path) => ask({ port: cli.port, path })))
}

async function answers2(
  args: readonly string[],
  paths: readonly string[],
): Promise<Readonly<Record<string, unknown>>[]> {
  using project = new Project({ 'app.mjs': APP2, 'file.txt': 'a file' })
  await using cli = await project.serving([...BIND, ...args, 'app.mjs'])
  const to = { port: cli.port, host: '127.0.0.1' }
  return await Promise.all(paths.map(async (path) => (await ask2(to, { ':path': path })).headers))
}

describe('--header', () => {
  it('is in every response, whichever way the app sends it', async () => {
    const paths = ['set', 'object', 'phrase', 'flat', 'flat-and-set', 'pairs', 'flush', 'stream', 'cleared', 'early']
    for (const { status, headers } of await answers(
      FLAGS,
      paths.map((path) => `/${path}`),
    )) {
      expect({ status, ...headers }).toMatchObject({ status: 200, 'x-own': '1', ...ADDED })
    }
  })

  it('leaves alone what the app says itself', async () => {
    const paths = ['/own-set', '/own-object', '/own-flat', '/own-pairs']
    for (const { headers } of await answers(FLAGS, paths)) {
      expect(headers).toMatchObject({ ...ADDED, 'x-frame-options': 'own' })
    }
  })

  it('is in every response of HTTP/2', async () => {
    const paths = [
      '/stream',
      '/bare',
      '/file',
      '/fd',
      '/request',
      '/own',
      '/own-request',
      ...(TAKES_RAW ? ['/raw'] : []),
    ]
    for (const [index, headers] of (await answers2(FLAGS, paths)).entries()) {
      const isOwn = /own|raw/.test(paths[index] ?? '')
      expect(headers).toMatchObject({ ':status': 200, ...ADDED, ...(isOwn && { 'x-frame-options': 'own' }) })
    }
  })

  it.each(['Express', 'Koa', 'Fastify'])(
    'is in the answers to errors too, where %s clears what was set',
    async (name) => {
      const sources: Readonly<Record<string, string>> = {
        Express: `
        import express from 'express'
        export default express().get('/', () => { throw new Error('thrown') })`,
        Koa: `
        import Koa from 'koa'
        export default new Koa({ silent: true }).on('error', () => {}).use(() => { throw new Error('thrown') })`,
        Fastify: `
        import Fastify from 'fastify'
        export default Fastify().get('/', async () => { throw new Error('thrown') })`,
      }
      for (const { status, headers } of await answers(FLAGS, ['/', '/'], sources[name])) {
        expect({ status, ...headers }).toMatchObject({ status: 500, ...ADDED })
      }
    },
  )

  it('comes from the config file and the environment as well', async () => {
    using project = new Project({ 'app.mjs': APP, 'supervisor.config.json': `{ "header": ["X-A: 1", "X-B: 2"] }` })
    {
      await using cli = await project.serving([...BIND, 'app.mjs'])
      expect((await ask({ port: cli.port })).headers).toMatchObject({ 'x-a': '1', 'x-b': '2' })
    }
    const env = { SUPERVISOR_HEADER: 'Strict-Transport-Security: max-age=1; preload\nX-B: 3' }
    await using cli = await project.serving([...BIND, 'app.mjs'], { env })
    const { headers } = await ask({ port: cli.port })
    expect(headers).toMatchObject({ 'strict-transport-security': 'max-age=1; preload', 'x-b': '3' })
    expect(headers).not.toHaveProperty('x-a')
  })

  it('may have several cookies', async () => {
    const flags = ['--header', 'Set-Cookie: a=1', '--header', 'set-cookie: b=2']
    for (const { headers } of await answers(flags, ['/set', '/object', '/flat', '/pairs'])) {
      expect(headers?.['set-cookie']).toEqual(['a=1', 'b=2'])
    }
    expect((await answers2(flags, ['/stream']))[0]?.['set-cookie']).toEqual(['a=1', 'b=2'])
  })
})

describe('the header Server', () => {
  it('is not there by default', async () => {
    expect((await answers([], ['/']))[0]?.headers).not.toHaveProperty('server')
  })

  it('is there with --server-header, unless --header names another', async () => {
    expect((await answers(['--server-header'], ['/']))[0]?.headers).toMatchObject({ server: 'prefork' })
    const flags = ['--server-header', '--header', 'server: mine']
    expect((await answers(flags, ['/']))[0]?.headers).toMatchObject({ server: 'mine' })
  })
})

describe('the header Date', () => {
  it('is there by default, and with --date-header', async () => {
    for (const flags of [[], ['--date-header']]) {
      expect((await answers(flags, ['/']))[0]?.headers).toHaveProperty('date')
    }
  })

  it('is not there with --no-date-header, unless the app says it', async () => {
    const [none, own] = await answers(['--no-date-header'], ['/', '/date'])
    expect(none?.headers).not.toHaveProperty('date')
    expect(own?.headers).toMatchObject({ date: 'today' })
  })

  it('is not there with --no-date-header over HTTP/2 either', async () => {
    for (const headers of await answers2(['--no-date-header'], ['/stream', '/bare', '/file', '/fd', '/request'])) {
      expect(headers).toMatchObject({ ':status': 200 })
      expect(headers).not.toHaveProperty('date')
    }
  })
})

it('a response that ends an expectation is like any other', async () => {
  using project = new Project({ 'app.mjs': APP })
  await using cli = await project.serving([...BIND, ...FLAGS, 'app.mjs'])
  const head = ['GET /set HTTP/1.1', 'Host: a', 'Expect: 100-continue', 'Connection: close']
  const answer = await rawAnswer({ port: cli.port, host: '127.0.0.1' }, `${head.join('\r\n')}\r\n\r\n`)
  expect(answer.match(/X-Frame-Options: DENY/g)).toHaveLength(1)
})
