import type { ServerHttp2Stream } from 'node:http2'
import type { Limits } from '../protocol/http-rules.ts'
import type { Arrival, Step } from './arrival.ts'

/** By then a request of those in flight may have been answered. */
const RETRY_AFTER_S = '1'

type StreamArrival = Extract<Arrival, { readonly kind: 'stream' }>

interface Refusal {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
}

const HEADERS_TOO_LARGE: Refusal = { status: 431, text: 'Request Header Fields Too Large', headers: {} }
const TOO_MANY_REQUESTS: Refusal = {
  status: 503,
  text: 'Service Unavailable',
  headers: { 'Retry-After': RETRY_AFTER_S },
}

/**
 * Refuses requests with too many headers, and those beyond what may be in flight; null where there are no such limits. Idle
 * connections don't count, nor does one that the app has taken over by an upgrade: there is nothing by which its work
 * could be told from idleness.
 */
export function limitStep({ concurrency, headers, server }: Limits): Step | null {
  const { maxHeaderSize: mostBytes = null, requestTimeout: timeoutMs = 0 } = server
  if (concurrency === null && headers === null && mostBytes === null && timeoutMs === 0) return null
  let inFlight = 0
  return (arrival) => {
    const rawHeaders = arrival.kind === 'stream' ? arrival.rawHeaders : arrival.request.rawHeaders
    if (headers !== null && countOf(rawHeaders) > headers) return refuse(arrival, HEADERS_TOO_LARGE)
    // Of sizes and times Node takes care in HTTP/1.1.
    if (mostBytes !== null && arrival.kind === 'stream' && sizeOf(rawHeaders) > mostBytes) {
      return refuse(arrival, HEADERS_TOO_LARGE)
    }
    if (concurrency !== null && inFlight >= concurrency) return refuse(arrival, TOO_MANY_REQUESTS)
    if (arrival.kind === 'stream' && timeoutMs > 0) endLate(arrival.stream, timeoutMs)
    if (arrival.kind !== 'upgrade') {
      inFlight++
      // `close`, not `finish`: an aborted request never finishes.
      const exchange = arrival.kind === 'request' ? arrival.response : arrival.stream
      exchange.once('close', () => inFlight--)
    }
    return 'passed'
  }
}

/**
 * Ends a stream whose request has not come whole by then. Without an answer: the app may be about to give one, and would
 * throw if it came second.
 */
export function endLate(stream: ServerHttp2Stream, timeoutMs: number): void {
  const { NGHTTP2_STREAM_STATE_OPEN, NGHTTP2_STREAM_STATE_HALF_CLOSED_LOCAL, NGHTTP2_CANCEL } =
    process.getBuiltinModule('node:http2').constants
  const timer = setTimeout(() => {
    const { state } = stream.state
    // These are what the client has not closed on its side, whether or not it has been answered.
    const isOpen = state === NGHTTP2_STREAM_STATE_OPEN || state === NGHTTP2_STREAM_STATE_HALF_CLOSED_LOCAL
    if (isOpen) stream.close(NGHTTP2_CANCEL)
  }, timeoutMs).unref()
  stream.once('close', () => clearTimeout(timer))
}

/** How many headers there are, without those in which HTTP/2 says what stands in the first line of HTTP/1.1. */
function countOf(rawHeaders: readonly string[]): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && !name.startsWith(':')).length
}

/** As SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113, section 6.5.2). */
function sizeOf(rawHeaders: readonly string[]): number {
  return rawHeaders.reduce((sum, text) => sum + text.length, (rawHeaders.length / 2) * 32)
}

function refuse(arrival: Arrival, { status, text, headers }: Refusal): 'answered' {
  switch (arrival.kind) {
    case 'request':
      arrival.response.writeHead(status, { ...headers, 'Content-Type': 'text/plain', Connection: 'close' }).end(text)
      break
    case 'stream':
      refuseStream(arrival, { status, text, headers })
      break
    case 'upgrade': {
      const lines = Object.entries({ ...headers, 'Content-Length': '0', Connection: 'close' })
      const head = [`HTTP/1.1 ${status} ${text}`, ...lines.map(([name, value]) => `${name}: ${value}`)]
      // Node has let go of this connection: nobody else would hear of its errors, or end it.
      arrival.socket.on('error', () => {})
      arrival.socket.end(`${head.join('\r\n')}\r\n\r\n`, () => arrival.socket.destroy())
    }
  }
  return 'answered'
}

function refuseStream({ stream, headers: asked }: StreamArrival, { status, text, headers }: Refusal): void {
  // The app never hears of this stream, so that nobody else would hear of its errors.
  stream.on('error', () => {})
  if (stream.destroyed || stream.closed) return
  const isHead = asked[':method'] === 'HEAD'
  stream.respond({ ...headers, ':status': status, 'Content-Type': 'text/plain' }, { endStream: isHead })
  if (!isHead) stream.end(text)
}
