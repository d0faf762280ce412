import { randomUUID } from 'node:crypto'
import type { ResponseHeader } from '../protocol/http-rules.ts'
import type { Arrival, Step } from './arrival.ts'
import type { Peers } from './peers.ts'
import { headersOf, newHeader, setHeader } from './request-headers.ts'

/** The header that carries the id, in requests and responses. */
const HEADER = newHeader('X-Request-Id')
/** Fit for logs, URLs and other headers. */
const VALID = /^[\w.:+/=@-]{1,128}$/

/** Sees to it that every request has an id: its own, if a trusted peer has given it a fit one, else a new one. */
export function identify(peers: Peers): Step {
  return (arrival) => {
    if (!peers.of(arrival).isTrusted || requestIdOf(arrival) === null) setHeader(arrival, HEADER, randomUUID())
    return 'passed'
  }
}

/** The id of a request. Without `--request-id` it is what the client has sent. Null if there is none that is fit. */
export function requestIdOf(arrival: Arrival): string | null {
  const id = headersOf(arrival)[HEADER.key]
  return typeof id === 'string' && VALID.test(id) ? id : null
}

/** The header by which the client learns of it. */
export function idHeaderOf(arrival: Arrival): ResponseHeader {
  return [HEADER.name, requestIdOf(arrival) ?? '']
}
