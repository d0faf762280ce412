import type { StopMode } from '../core/types.ts'

/** Where an app that exports is bound to. Without a host: all interfaces. */
export type Binding =
  | { readonly kind: 'tcp'; readonly host: string | null; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number }

/** Who accepts: the workers on the supervisor's socket, or node:cluster's primary, which hands connections out. */
export type AcceptMode = 'shared' | 'cluster'

/** What the supervisor tells a worker, over the control pipe. */
export type Order =
  /** Load the app now. */
  | {
      readonly type: 'go'
      readonly accept: AcceptMode
      readonly bind: readonly Binding[]
      /** Whether systemd has passed sockets on to the supervisor. */
      readonly isActivated: boolean
      /** For the case that the supervisor vanishes and can't give the order to drain. */
      readonly gracefulTimeoutMs: number
    }
  /** The answer to `listen`: the handle follows over IPC, or there is none and this is the errno's name. */
  | {
      readonly type: 'bound'
      readonly request: number
      readonly errno: string | null
      /** Session ticket keys, base64, that all workers share, so that TLS sessions resume in any of them. */
      readonly ticketKeys: string
    }
  | { readonly type: 'accept' }
  | { readonly type: 'drain'; readonly mode: StopMode; readonly graceMs: number }

/** Reads an order. It comes from our own supervisor, of this very version: only its shape as JSON is in doubt. */
export function parseOrder(line: string): Order | null {
  try {
    return JSON.parse(line) as Order
  } catch {
    return null
  }
}

/** The IPC message that carries a bound handle. The prefix keeps it away from the app's own `process.on('message')`. */
export const HANDLE_COMMAND = 'NODE_PREFORK_HANDLE'

/** A bound handle under way to a worker. */
export interface HandleMessage {
  readonly cmd: typeof HANDLE_COMMAND
  readonly request: number
}
