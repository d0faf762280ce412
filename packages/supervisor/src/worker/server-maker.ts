import { createServer, Server as HttpServer, type RequestListener } from 'node:http'
import type { Server } from 'node:net'
import type { Limits } from '../protocol/http-rules.ts'
import type { TlsRules } from '../protocol/tls-rules.ts'

/** How long an idle connection is kept, unless somebody says otherwise: Node's own default is not the same everywhere. */
const KEEP_ALIVE_MS = 5000

/** Makes a server for an app that has none of its own. */
export type MakeServer = (handler: RequestListener) => Server

/** What makes the servers for what an app exports, and what they are made with: TLS is loaded for these alone who have it. */
export async function serverMaker(tls: TlsRules | null, limits: Limits): Promise<MakeServer> {
  if (tls === null) return (handler) => Object.assign(createServer(handler), { keepAliveTimeout: KEEP_ALIVE_MS })
  const { secureServer } = await import('./secure-server.ts')
  return (handler) => Object.assign(secureServer(handler, tls, limits), { keepAliveTimeout: KEEP_ALIVE_MS })
}

/** What an app may have hung on its own server; `request` is always passed on. */
const PASSED: readonly (string | symbol)[] = ['upgrade', 'connect', 'checkContinue', 'checkExpectation', 'clientError']
/** What it may have set there. */
const SETTINGS = [
  'keepAliveTimeout',
  'headersTimeout',
  'requestTimeout',
  'timeout',
  'maxHeadersCount',
  'maxRequestsPerSocket',
] as const

/**
 * Puts a server in front of an app's own one, which is served what that gets, and never listens itself. Null for one that
 * has TLS of its own, or speaks something else.
 */
export function behind(server: Server, make: MakeServer): Server | null {
  if (!(server instanceof HttpServer)) return null
  const outer = make((request, response) => void server.emit('request', request, response))
  Object.assign(outer, Object.fromEntries(SETTINGS.map((name) => [name, server[name]])))
  const passed = new Set<string | symbol>()
  // Without a listener Node itself does something, so that only what the app listens to is passed on.
  const pass = (name: string | symbol): void => {
    if (!PASSED.includes(name) || passed.has(name)) return
    passed.add(name)
    outer.on(String(name), (...values: unknown[]) => void server.emit(name as string, ...values))
  }
  for (const name of server.eventNames()) pass(name)
  server.on('newListener', pass)
  return outer
}
