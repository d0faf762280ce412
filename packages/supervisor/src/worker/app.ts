import { createServer, type RequestListener } from 'node:http'
import type { ListenOptions, Server } from 'node:net'
import { inspect } from 'node:util'
import type { Binding } from '../protocol/orders.ts'

/** What the app's file offers. */
export type Offer =
  | { readonly kind: 'handler'; readonly handler: RequestListener }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'not-servable'; readonly found: string }

/**
 * Looks at what the main module exports: the one place that knows which kinds of app can be served.
 *
 * | default export, or `module.exports`          | served as           |
 * | -------------------------------------------- | ------------------- |
 * | a function `(request, response)`             | `http.createServer` |
 * | none, or an object of CommonJS named exports | the app is to listen |
 * | anything else                                | an error, at once   |
 */
export function offerOf(namespace: Readonly<Record<string, unknown>>): Offer {
  const app = defaultOf(namespace)
  if (app === undefined) return { kind: 'nothing' }
  if (typeof app === 'function') return { kind: 'handler', handler: app as RequestListener }
  // A CommonJS module always exports an object; a bare one says nothing about being an app.
  if (typeof app === 'object' && app !== null && Object.getPrototypeOf(app) === Object.prototype) {
    return { kind: 'nothing' }
  }
  return { kind: 'not-servable', found: describe(app) }
}

/** The default export. Compiled to CommonJS, it stands in `module.exports.default`. */
function defaultOf(namespace: Readonly<Record<string, unknown>>): unknown {
  const exported = namespace['default']
  const compiled = exported as Readonly<Record<string, unknown>> | null | undefined
  return compiled?.['__esModule'] === true && 'default' in compiled ? compiled['default'] : exported
}

/** Serves what the app exports on every address it is to be bound to. The servers listen when `listening` says so. */
export function serve(handler: RequestListener, bindings: readonly Binding[]): Server[] {
  return bindings.map((binding) => createServer(handler).listen(listenOptions(binding)))
}

function listenOptions(binding: Binding): ListenOptions & { readonly fd?: number } {
  switch (binding.kind) {
    case 'tcp':
      return { port: binding.port, ...(binding.host !== null && { host: binding.host }) }
    case 'unix':
      return { path: binding.path }
    case 'fd':
      return { fd: binding.fd }
  }
}

function describe(value: unknown): string {
  const text = inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY })
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return value === null ? 'null' : `${articleFor(typeof value)} (${short})`
}

function articleFor(type: string): string {
  return type === 'object' ? 'an object' : `a ${type}`
}
