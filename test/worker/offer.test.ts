import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer as createTcpServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { offerOf, type Offer, type Wanted } from '../../packages/supervisor/src/worker/offer.ts'

const DEFAULT: Wanted = { name: null, factory: false }
const FACTORY: Wanted = { name: null, factory: true }

const handler: RequestListener = (request, response) => void response.end(request.url)
const answer = (request: Request): Response => new Response(request.url)
const fastifyLike = () => ({ ready: () => Promise.resolve(), routing: handler, server: createServer(handler) })
const koaLike = () => ({ use: () => {}, callback: () => handler })

class Router {
  readonly routes: readonly string[] = []
}

/** What is offered by a module with this default export, or this `module.exports`. */
function offerOfDefault(app: unknown, wanted: Wanted = DEFAULT): Promise<Offer> {
  return offerOf({ default: app }, wanted)
}

/** What a refusal names, and what it advises. */
async function refusal(
  app: unknown,
  wanted: Wanted = DEFAULT,
): Promise<{ readonly found: string; readonly hint: string }> {
  const offer = await offerOfDefault(app, wanted)
  if (offer.kind !== 'not-servable') throw new Error(`it is not refused, but taken for ${offer.kind}`)
  return offer
}

/** What TypeScript, Babel and the like make of `export default`: `module.exports` with a mark. */
function compiled(exported: object): Readonly<Record<string, unknown>> {
  const module = Object.defineProperty(exported, '__esModule', { value: true })
  return { ...exported, __esModule: true, default: module }
}

describe('a default export', () => {
  it.each<[string, unknown, Offer['kind']]>([
    ['an http.Server', createServer(), 'server'],
    ['an https.Server', createSecureServer(), 'server'],
    ['an http2 server', createHttp2Server(), 'server'],
    ['a net.Server', createTcpServer(), 'server'],
    ['like a Fastify app', fastifyLike(), 'fastify'],
    ['like a Koa app', koaLike(), 'handler'],
    ['a function (request, response)', handler, 'handler'],
    ['a function (request)', (_request: unknown) => {}, 'handler'],
    ['a function with properties, as Express apps are', Object.assign(handler.bind(null), { use() {} }), 'handler'],
    ['an object with fetch(request)', { fetch: answer }, 'fetch'],
    [
      'an instance of a class with fetch(request), as in Hono and h3',
      new (class {
        fetch = answer
      })(),
      'fetch',
    ],
    ['a function with a fetch, which is the newer interface', Object.assign(() => {}, { fetch: answer }), 'fetch'],
  ])('that is %s can be served', async (_what, app, kind) => {
    expect(await offerOfDefault(app)).toMatchObject({ kind })
    expect(await offerOf(compiled({ default: app }), DEFAULT)).toMatchObject({ kind })
    expect(await offerOfDefault(() => app, FACTORY)).toMatchObject({ kind })
  })

  it('is served as it is: the very function, the very server', async () => {
    const server = createServer()
    expect(await offerOfDefault(handler)).toEqual({ kind: 'handler', handler })
    expect(await offerOfDefault(koaLike())).toEqual({ kind: 'handler', handler })
    expect(await offerOfDefault(server)).toMatchObject({ server })
  })

  it('with fetch(request) is called as a method', async () => {
    const app = {
      prefix: 'served by ',
      fetch(request: Request) {
        return new Response(this.prefix + request.method)
      },
    }
    const offer = await offerOfDefault(app)
    if (offer.kind !== 'fetch') throw new Error(offer.kind)
    const response = await offer.fetch(new Request('http://localhost/'))
    expect(await response.text()).toBe('served by GET')
  })

  it('counts more than the exports beside it', async () => {
    const namespace = { default: handler, app: { fetch: answer } }
    expect(await offerOf(namespace, DEFAULT)).toEqual({ kind: 'handler', handler })
  })

  it.each([
    ['a function', function start() {}, 'the function start without parameters'],
    ['an arrow function', () => {}, 'a function without parameters'],
    ['an async function', async function connect() {}, 'the function connect without parameters'],
  ])('that is %s without parameters is asked about', async (_what, app, found) => {
    const { hint, ...rest } = await refusal(app)
    expect(rest).toMatchObject({ found })
    expect(hint).toContain('Is it a factory? Then start with --factory')
    expect(hint).toContain('(request, response)')
  })

  it.each([
    [
      'with parameters',
      class Router {
        readonly options: object
        constructor(options: object) {
          this.options = options
        }
      },
    ],
    ['without parameters', Router],
  ])('that is a class %s is refused as one', async (_what, app) => {
    const { found, hint } = await refusal(app)
    expect(found).toBe('a class (Router)')
    expect(hint).toContain('instance')
  })

  it.each([
    ['a number', 42, 'a number (42)'],
    ['zero', 0, 'a number (0)'],
    ['a string', 'express', `a string ('express')`],
    ['an empty string', '', `a string ('')`],
    ['a boolean', false, 'a boolean (false)'],
    ['null', null, 'null'],
    ['a bigint', 1n, 'a bigint (1n)'],
    ['a symbol', Symbol('app'), 'a symbol (Symbol(app))'],
    ['a class instance', new (class Router extends Map {})(), 'an object (Router(0) [Map] {})'],
    ['an array', [1, 2], 'an object ([ 1, 2 ])'],
    ['a promise', Promise.resolve(1), 'an object (Promise { 1 })'],
    ['a map', new Map([['a', 1]]), "an object (Map(1) { 'a' => 1 })"],
  ])('that is %s is refused, and named, with the two ways', async (_what, app, found) => {
    const refused = await refusal(app)
    expect(refused.found).toBe(found)
    expect(refused.hint).toMatch(/^Export the app .*, or have the file call listen\(\)\.$/)
  })

  it('is named in one short line however large it is', async () => {
    class Router {
      readonly routes = Array.from({ length: 1000 }, (_, index) => `/${index}\n`)
      readonly description = 'long\nand\nlonger'.repeat(1000)
      readonly settings = { deep: { deeper: {} } }
    }
    for (const app of [new Router(), 'x'.repeat(10_000), 'a\nb'.repeat(1000)]) {
      const { found } = await refusal(app)
      expect(found.length).toBeLessThan(100)
      expect(found).not.toContain('\n')
    }
  })
})

describe('a module without an app as its default', () => {
  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['exports nothing', {}, 'nothing'],
    ['exports names but no default', { start: handler, port: 3000 }, '"start", "port"'],
    ['exports undefined', { default: undefined }, 'nothing'],
    ['has the empty module.exports of CommonJS', { default: {}, 'module.exports': {} }, 'nothing'],
    ['has named exports of CommonJS', { default: { start: handler }, start: handler }, '"start"'],
    ['is compiled, and has names only', compiled({ start: handler }), '"start"'],
  ])('is left to listen when it %s', async (_what, namespace, found) => {
    expect(await offerOf(namespace, DEFAULT)).toEqual({ kind: 'nothing', found })
  })
})

describe('app.js:name', () => {
  const named: Wanted = { name: 'admin', factory: false }

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['ESM', { default: { fetch: answer }, admin: handler }],
    ['CommonJS whose names Node finds', { default: { admin: handler }, admin: handler }],
    ['CommonJS whose names Node does not find', { default: { admin: handler } }],
    ['compiled code', compiled({ admin: handler })],
  ])('names an export of %s', async (_what, namespace) => {
    expect(await offerOf(namespace, named)).toEqual({ kind: 'handler', handler })
  })

  it('can name a factory', async () => {
    const namespace = { admin: () => handler }
    expect(await offerOf(namespace, { name: 'admin', factory: true })).toEqual({ kind: 'handler', handler })
  })

  it('is refused when there is no such export, and told which there are', async () => {
    const offer = await offerOf({ app: handler, api: handler }, named)
    expect(offer).toMatchObject({ kind: 'not-servable', found: 'no "admin", but "app", "api"' })
  })

  it('is refused when that export is no app', async () => {
    expect(await offerOf({ admin: 42 }, named)).toMatchObject({ kind: 'not-servable', found: 'a number (42)' })
  })

  it('is refused when that export is an object of other things', async () => {
    const offer = await offerOf({ admin: { port: 1 } }, named)
    expect(offer).toMatchObject({ kind: 'not-servable', found: 'an object ({ port: 1 })' })
  })
})

describe('a factory', () => {
  it('may take its time', async () => {
    const make = async (): Promise<RequestListener> => Promise.resolve(handler)
    expect(await offerOfDefault(make, FACTORY)).toEqual({ kind: 'handler', handler })
  })

  it('may have parameters, which are left out', async () => {
    const make = (options: object = {}): unknown => ({ fetch: answer, options })
    expect(await offerOfDefault(make, FACTORY)).toMatchObject({ kind: 'fetch' })
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no database')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no database'))],
  ])('that %s fails with its own error', async (_what, make) => {
    await expect(offerOfDefault(make, FACTORY)).rejects.toThrow('no database')
  })

  it.each<[string, () => unknown, string]>([
    ['nothing', () => {}, 'undefined'],
    ['null', () => null, 'null'],
    ['nothing, later', async () => {}, 'undefined'],
    ['an empty object', () => ({}), 'an object ({})'],
    ['an object of names', () => ({ port: 80 }), 'an object ({ port: 80 })'],
    ['a number', () => 42, 'a number (42)'],
    ['another factory', () => function create() {}, 'a function ([Function: create])'],
  ])('that returns %s is refused, and told what it returned', async (_what, make, found) => {
    expect((await refusal(make, FACTORY)).found).toBe(`a factory that returns ${found}`)
  })

  it.each([
    ['an object', { fetch: answer }, 'an object ({ fetch: [Function: answer] })'],
    ['nothing', undefined, 'nothing'],
  ])('that is %s is refused: it has to be a function', async (_what, app, found) => {
    const refused = await refusal(app, FACTORY)
    expect(refused.found).toBe(found)
    expect(refused.hint).toContain('--factory')
  })

  it('that is not the default export is asked for by name', async () => {
    const refused = await offerOf({ shop: handler, admin: handler }, FACTORY)
    expect(refused).toMatchObject({ kind: 'not-servable', found: '"shop", "admin"' })
    expect(refused).toHaveProperty('hint', expect.stringContaining('app.js:name'))
  })

  it('that is a class is refused as one', async () => {
    expect((await refusal(Router, FACTORY)).found).toBe('a class (Router)')
  })
})
