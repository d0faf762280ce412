import type { CONNECTION_COMMAND } from './names.ts'

/*
 * How a connection comes to the worker that its address belongs to, without ever being two workers' or nobody's. The one
 * that has accepted it keeps its copy of the socket, and the right to it, until the other one has got a copy.
 *
 *   who accepted           supervisor              who it belongs to
 *     | -- socket (IPC) ----> |
 *     |                       | -- socket (IPC) ------> |
 *     |                       | <-- arrived ----------- |
 *     | <-- let-go ---------- |
 *     | -- gone ------------> |
 *     |                       | -- take --------------> |   serves it
 *
 * Whoever waits in vain takes it back: the supervisor has the one it was sent to `forget` it, and tries another one or says
 * `keep`; who accepted it serves it, and says `kept` from then on. Nobody reads from a connection before it is his.
 */

/** A socket under way over IPC: to the supervisor with the address of its client, and from there to a worker. */
export interface ConnectionMessage {
  readonly cmd: typeof CONNECTION_COMMAND
  /** Made by who accepted it; no two are the same. */
  readonly id: string
  /** What the server asked for when it listened, which is how the same server of another worker is known. */
  readonly listener: string
  readonly address: string
}

/** What the supervisor tells a worker of a connection. */
export interface ConnectionOrder {
  readonly type: 'connection'
  readonly id: string
  readonly say: 'let-go' | 'keep' | 'take' | 'forget'
}

/** What a worker tells of a connection. `unwanted`: it has no such server, or takes no more. */
export interface ConnectionNews {
  readonly type: 'connection'
  readonly id: string
  readonly say: 'arrived' | 'unwanted' | 'gone' | 'kept'
}

/** Which workers take connections in, by their places; `own` is that of the worker which is told, if it is one of them. */
export interface OwnersOrder {
  readonly type: 'owners'
  readonly indexes: readonly number[]
  readonly own: number | null
}

/** How long a worker may take to say that a connection has arrived. The supervisor tries two before it gives up. */
export const ARRIVAL_MS = 1000
/** After so long without a word of the supervisor, which then does not turn, a worker serves what it has accepted. */
export const SILENCE_MS = 3000
