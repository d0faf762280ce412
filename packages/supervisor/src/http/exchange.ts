import type { IncomingHttpHeaders } from 'node:http'

/** A request and its answer, when both are over. */
export interface Exchange {
  /** Null where a client sent something that is no request. */
  readonly method: string | null
  /** As the client sent it. */
  readonly url: string | null
  readonly protocol: string | null
  /** The address of the client; null over a Unix socket. */
  readonly client: string | null
  readonly headers: IncomingHttpHeaders
  readonly requestId: string | null
  /** Null if no answer was begun. */
  readonly status: number | null
  /** The length of the body, without headers and whatever else frames it. */
  readonly bytes: number
  readonly ms: number
  /** Whether the connection ended before the answer did. */
  readonly isAborted: boolean
  /** A header of the answer. */
  readonly answered: (name: string) => unknown
}

/** nginx's status for a client that did not wait for its answer. */
const CLIENT_CLOSED_REQUEST = 499

/** The status as lines without fields have it. */
export function loggedStatus({ status, isAborted }: Exchange): number {
  return isAborted ? CLIENT_CLOSED_REQUEST : (status ?? CLIENT_CLOSED_REQUEST)
}
