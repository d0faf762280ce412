import { IncomingMessage, type Server as HttpServer, type RequestListener } from 'node:http'
import { Server } from 'node:net'
import { inspect } from 'node:util'
import type { Limits } from '../protocol/http-rules.ts'
import type { TlsRules } from '../protocol/tls-rules.ts'
import { behind, serverMaker } from './server-maker.ts'

type FetchHandler = (request: Request) => Response | Promise<Response>

/** What the app's file offers to be served. */
export type Offer =
  | { readonly kind: 'handler'; readonly handler: RequestListener }
  | { readonly kind: 'fetch'; readonly fetch: FetchHandler }
  | { readonly kind: 'fastify'; readonly app: FastifyLike }
  | { readonly kind: 'server'; readonly server: Server }
  /** Nothing that could be meant as an app; `found` names the exports there are. */
  | { readonly kind: 'nothing'; readonly found: string }
  | { readonly kind: 'not-servable'; readonly found: string; readonly hint: string }

/** The part of a Fastify app that is used. */
export interface FastifyLike {
  ready(): PromiseLike<unknown>
  routing: RequestListener
  readonly server: HttpServer
}

/** Which export is the app, and whether it is a function that makes it. */
export interface Wanted {
  /** The name after the colon of `app.js:name`; null for the default export. */
  readonly name: string | null
  readonly factory: boolean
}

type Namespace = Readonly<Record<string, unknown>>

/** What is found in a module that exports nothing. */
export const NO_EXPORTS = 'nothing'

const TWO_WAYS =
  'Export the app (a handler, or an app of Express, Koa, Fastify or Hono), or have the file call listen().'

/**
 * Looks at what the main module exports: the one place that knows which kinds of app can be served.
 *
 * | the export                                        | is served by                                     |
 * | ------------------------------------------------- | ------------------------------------------------ |
 * | a server of `http`, `https`, `http2` or `net`     | itself                                           |
 * | Fastify: `ready()`, `routing` and `server`        | its own server, once it is ready                 |
 * | Koa: `use()` and `callback()`                     | `http.createServer(app.callback())`              |
 * | a function with parameters; so Express            | `http.createServer(app)`                         |
 * | anything with `fetch(request)`; so Hono and h3    | srvx's Node adapter                              |
 * | with `--factory`: a function                      | what it returns, looked at in the same way       |
 * | a function without parameters                     | an error: is it a factory?                       |
 * | none, or an object of named exports               | the app is expected to listen                    |
 * | anything else                                     | an error, at once                                |
 */
export async function offerOf(namespace: Namespace, { name, factory }: Wanted): Promise<Offer> {
  const found = name === null ? defaultOf(namespace) : namedOf(namespace, name)
  if (name !== null && found === undefined) {
    const hint = 'Name one of its exports after the colon.'
    return { kind: 'not-servable', found: `no "${name}", but ${namesOf(namespace)}`, hint }
  }
  if (factory) return offerOfFactory(found, namespace)
  const offer = judge(found, namespace)
  // Who names an export says that it is the app.
  return name === null || offer.kind !== 'nothing' ? offer : refuse(found)
}

async function offerOfFactory(factory: unknown, namespace: Namespace): Promise<Offer> {
  if (typeof factory !== 'function' || isClass(factory)) {
    const hint = 'With --factory the export has to be a function that returns the app: the default one, or app.js:name.'
    const found = factory === undefined ? namesOf(namespace) : describe(factory)
    return { kind: 'not-servable', found, hint }
  }
  const made: unknown = await (factory as () => unknown)()
  const offer = judge(made, {})
  if (offer.kind !== 'nothing' && offer.kind !== 'not-servable') return offer
  const found = `a factory that returns ${describe(made)}`
  return { kind: 'not-servable', found, hint: 'Return the app from it: a handler, or an app of some framework.' }
}

function judge(app: unknown, namespace: Namespace): Offer {
  if (app === undefined) return { kind: 'nothing', found: namesOf(namespace) }
  if (app instanceof Server) return { kind: 'server', server: app }
  const parts = (typeof app === 'object' || typeof app === 'function' ? (app ?? {}) : {}) as Namespace
  if (isFunction(parts['ready']) && isFunction(parts['routing']) && parts['server'] instanceof Server) {
    return { kind: 'fastify', app: app as FastifyLike }
  }
  if (isFunction(parts['use']) && isFunction(parts['callback'])) {
    return { kind: 'handler', handler: (app as { callback(): RequestListener }).callback() }
  }
  if (isFunction(parts['fetch'])) {
    return { kind: 'fetch', fetch: (request) => (app as { fetch(request: Request): Response }).fetch(request) }
  }
  if (typeof app === 'function') return judgeFunction(app as RequestListener)
  // A CommonJS module always exports an object; a bare one says nothing about being an app.
  if (typeof app === 'object' && app !== null && Object.getPrototypeOf(app) === Object.prototype) {
    return { kind: 'nothing', found: namesOf(app as Namespace) }
  }
  return refuse(app)
}

function refuse(app: unknown): Offer {
  return { kind: 'not-servable', found: describe(app), hint: TWO_WAYS }
}

function judgeFunction(app: RequestListener): Offer {
  if (isClass(app)) {
    return {
      kind: 'not-servable',
      found: describe(app),
      hint: 'Export an instance of it, or with --factory a function that makes one.',
    }
  }
  if (app.length > 0) return { kind: 'handler', handler: app }
  const name = app.name === '' || app.name === 'default' ? 'a function' : `the function ${app.name}`
  const hint = 'Is it a factory? Then start with --factory. A handler has parameters: (request, response).'
  return { kind: 'not-servable', found: `${name} without parameters`, hint }
}

/** The default export. Compiled to CommonJS, it stands in `module.exports.default`. */
function defaultOf(namespace: Namespace): unknown {
  const exported = namespace['default']
  const compiled = exported as Namespace | null | undefined
  return compiled?.['__esModule'] === true && 'default' in compiled ? compiled['default'] : exported
}

/** A named export. Those of CommonJS that Node does not find by itself stand in `module.exports`. */
function namedOf(namespace: Namespace, name: string): unknown {
  return namespace[name] ?? (namespace['default'] as Namespace | null | undefined)?.[name]
}

/** What a module exports, for an error. */
function namesOf(exported: Namespace): string {
  const names = Object.keys(exported).filter((name) => name !== 'default' && name !== 'module.exports')
  return names.length === 0 ? NO_EXPORTS : names.map((name) => `"${name}"`).join(', ')
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (isClass(value)) return `a class (${value.name})`
  const text = inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY })
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return `${typeof value === 'object' ? 'an object' : `a ${typeof value}`} (${short})`
}

function isClass(value: unknown): value is NewableFunction {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

type Servable = Exclude<Offer, { readonly kind: 'nothing' | 'not-servable' }>

/** Whether it fails with requests of HTTP/2: Express makes each into one of HTTP/1.1, by its prototype. */
export function isForHttp1(offer: Servable): boolean {
  const handlers =
    offer.kind === 'server' ? offer.server.listeners('request') : 'handler' in offer ? [offer.handler] : []
  return handlers.some((handler) => {
    const { request } = handler as { readonly request?: unknown }
    return request instanceof IncomingMessage
  })
}

/**
 * A server for each of `count` addresses. A server can listen once only: further ones pass on to the first. Null where TLS
 * was asked for, and the app's own server can't have it.
 */
export async function serversFor(
  offer: Servable,
  count: number,
  tls: TlsRules | null,
  limits: Limits,
): Promise<Server[] | null> {
  const make = await serverMaker(tls, limits)
  switch (offer.kind) {
    case 'handler':
      return Array.from({ length: count }, () => make(offer.handler))
    case 'fetch': {
      const { toNodeHandler } = await import('srvx/node')
      const handler = toNodeHandler((request) => respond(offer.fetch, request)) as RequestListener
      return Array.from({ length: count }, () => make(handler))
    }
    case 'fastify':
      await offer.app.ready()
      return sharing(tls === null ? offer.app.server : behind(offer.app.server, make), count)
    case 'server':
      return sharing(tls === null ? offer.server : behind(offer.server, make), count)
  }
}

/** An error of one request must not end the worker, and the others with it: other runtimes of `fetch` answer 500 too. */
async function respond(fetch: FetchHandler, request: Request): Promise<Response> {
  try {
    return await fetch(request)
  } catch (error) {
    console.error(error)
    return new Response('Internal Server Error', { status: 500 })
  }
}

/** The app's own server, with its timeouts and certificates, on every address. */
function sharing(server: Server | null, count: number): Server[] | null {
  return server && [server, ...Array.from({ length: count - 1 }, () => passingOn(server))]
}

/** A server whose connections another one serves, as `server.emit('connection')` is documented to allow. */
function passingOn(server: Server): Server {
  return new Server((connection) => void server.emit('connection', connection))
}
