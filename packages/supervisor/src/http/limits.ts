import type { ServerHttp2Stream } from 'node:http2'
import type { Limits } from '../protocol/http-rules.ts'
import type { Step } from './arrival.ts'
import { refuse, type Refusal } from './refusal.ts'
import { rawHeadersOf } from './request-headers.ts'

/** By then a request of those in flight may have been answered. */
const RETRY_AFTER_S = '1'

const HEADERS_TOO_LARGE: Refusal = { status: 431, text: 'Request Header Fields Too Large', headers: {} }
const TOO_MANY_REQUESTS: Refusal = {
  status: 503,
  text: 'Service Unavailable',
  headers: { 'Retry-After': RETRY_AFTER_S },
}

/** Refuses requests with too many headers, as they came; null where there is no such limit. */
export function headLimitStep({ headers, server }: Limits): Step | null {
  const mostBytes = server.maxHeaderSize ?? null
  if (headers === null && mostBytes === null) return null
  return (arrival) => {
    const rawHeaders = rawHeadersOf(arrival)
    const isLong = headers !== null && countOf(rawHeaders) > headers
    // Of sizes Node takes care in HTTP/1.1.
    const isLarge = mostBytes !== null && arrival.kind === 'stream' && sizeOf(rawHeaders) > mostBytes
    return isLong || isLarge ? refuse(arrival, HEADERS_TOO_LARGE) : 'passed'
  }
}

/**
 * Refuses requests beyond what may be in flight, and ends those over HTTP/2 that take too long to come; null where there are
 * no such limits. Idle connections don't count, nor does one that the app has taken over by an upgrade: there is nothing by
 * which its work could be told from idleness.
 */
export function limitStep({ concurrency, server: { requestTimeout: timeoutMs = 0 } }: Limits): Step | null {
  if (concurrency === null && timeoutMs === 0) return null
  let inFlight = 0
  return (arrival) => {
    if (concurrency !== null && inFlight >= concurrency) return refuse(arrival, TOO_MANY_REQUESTS)
    // Of times Node takes care in HTTP/1.1.
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
