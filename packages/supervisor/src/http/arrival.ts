import type { IncomingMessage, ServerResponse } from 'node:http'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Server } from 'node:net'
import type { Duplex } from 'node:stream'

/** What a client asks for, as it reaches a server of the app, before the app hears of it. */
export type Arrival =
  /** HTTP/1.1, also where the client waits for `100 Continue`. */
  | {
      readonly kind: 'request'
      readonly server: Server
      readonly request: IncomingMessage
      readonly response: ServerResponse
    }
  /** An upgrade, such as to WebSocket, or CONNECT: from here on the connection is the app's. */
  | { readonly kind: 'upgrade'; readonly server: Server; readonly request: IncomingMessage; readonly socket: Duplex }
  /** HTTP/2: the app sees these very headers, both forms of them, whichever way it listens. */
  | {
      readonly kind: 'stream'
      readonly server: Server
      readonly stream: ServerHttp2Stream
      readonly headers: IncomingHttpHeaders
      readonly rawHeaders: string[]
    }

/** Looks at what arrives, changes it, or answers it in the app's place, which it then returns. */
export type Step = (arrival: Arrival) => 'answered' | 'passed'

/** The events that bring a request of HTTP/1.1. */
const ARRIVALS: ReadonlySet<string | symbol> = new Set([
  'request',
  'checkContinue',
  'checkExpectation',
  'upgrade',
  'connect',
])

/** What an event of a server says of a client's wish; null for all other events, and for what the app has made up. */
export function arrivalOf(server: Server, name: string | symbol, values: readonly unknown[]): Arrival | null {
  if (name === 'stream') {
    const [stream, headers, , rawHeaders] = values as [ServerHttp2Stream, IncomingHttpHeaders?, number?, string[]?]
    if (headers?.[':method'] === undefined || rawHeaders === undefined) return null
    return { kind: 'stream', server, stream, headers, rawHeaders }
  }
  if (!ARRIVALS.has(name)) return null
  const request = values[0] as IncomingMessage | undefined
  // Not by the version: that is what the client writes. Node makes a request of HTTP/2 out of a stream.
  if (request === undefined || 'stream' in request) return null
  if (name === 'upgrade' || name === 'connect') return { kind: 'upgrade', server, request, socket: values[1] as Duplex }
  return { kind: 'request', server, request, response: values[1] as ServerResponse }
}
