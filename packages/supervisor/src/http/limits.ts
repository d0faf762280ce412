import type { Limits } from '../protocol/http-rules.ts'
import type { Arrival, Step } from './arrival.ts'

/** By then a request of those in flight may have been answered. */
const RETRY_AFTER_S = '1'
/** What HTTP/2 says of a request where HTTP/1.1 has its first line. */
const PSEUDO_HEADERS = /^:/

interface Refusal {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
}

const TOO_MANY_HEADERS: Refusal = { status: 431, text: 'Request Header Fields Too Large', headers: {} }
const TOO_MANY_REQUESTS: Refusal = {
  status: 503,
  text: 'Service Unavailable',
  headers: { 'Retry-After': RETRY_AFTER_S },
}

/**
 * Refuses requests with too many headers, and those beyond what may be in flight. Idle connections don't count, nor
 * does one that the app has taken over by an upgrade: there is nothing by which its end could be told from idleness.
 */
export function limitStep({ concurrency, headers }: Limits): Step {
  const mostHeaders = headers ?? Number.POSITIVE_INFINITY
  const mostInFlight = concurrency ?? Number.POSITIVE_INFINITY
  let inFlight = 0
  return (arrival) => {
    const refusal = countHeaders(arrival) > mostHeaders ? TOO_MANY_HEADERS : inFlight >= mostInFlight && TOO_MANY_REQUESTS
    if (refusal !== false) {
      refuse(arrival, refusal)
      return 'answered'
    }
    if (arrival.kind !== 'upgrade') {
      inFlight++
      // `close`, not `finish`: an aborted request never finishes.
      const exchange = arrival.kind === 'request' ? arrival.response : arrival.stream
      exchange.once('close', () => inFlight--)
    }
    return 'passed'
  }
}

function countHeaders(arrival: Arrival): number {
  if (arrival.kind !== 'stream') return arrival.request.rawHeaders.length / 2
  return arrival.rawHeaders.filter((name, index) => index % 2 === 0 && !PSEUDO_HEADERS.test(name)).length
}

function refuse(arrival: Arrival, { status, text, headers }: Refusal): void {
  switch (arrival.kind) {
    case 'request':
      arrival.response.writeHead(status, { ...headers, 'Content-Type': 'text/plain', Connection: 'close' }).end(text)
      return
    case 'stream':
      arrival.stream.on('error', () => {})
      arrival.stream.respond({ ...headers, ':status': status, 'Content-Type': 'text/plain' })
      arrival.stream.end(text)
      return
    case 'upgrade': {
      const lines = Object.entries({ ...headers, 'Content-Length': '0', Connection: 'close' })
      const head = [`HTTP/1.1 ${status} ${text}`, ...lines.map(([name, value]) => `${name}: ${value}`)]
      // Node has let go of this connection: nobody else would hear of its errors, or end it.
      arrival.socket.on('error', () => {})
      arrival.socket.end(`${head.join('\r\n')}\r\n\r\n`, () => arrival.socket.destroy())
    }
  }
}
