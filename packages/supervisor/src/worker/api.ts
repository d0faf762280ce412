import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { clientOfRequest, type Client } from '../http/client.ts'
import { agentApi, type DrainListener, type ShutdownListener } from './app-api.ts'

export type { Client } from '../http/client.ts'
export type { DrainListener, ShutdownListener } from './app-api.ts'

/** The worker that the app runs in, as the app sees it. Without a supervisor all of it is harmless. */
export interface AppWorker {
  /** Whether a supervisor has started this process. */
  readonly isSupervised: boolean
  /** The worker's place, from 0; its replacement gets the same. 0 without a supervisor. */
  readonly index: number
  /** Which version of the app this is, from 1. 0 without a supervisor. */
  readonly generation: number
  /**
   * Whether requests are welcome: from ready until the worker begins to leave, or the supervisor is about to stop. For a
   * health endpoint of the app's own. true without a supervisor.
   */
  readonly isReady: boolean
  /**
   * With `--ready signal`: says that the worker is ready. Resolves when the supervisor lets it work, and at once without
   * a supervisor. A worker that begins only then has nothing to lose if it is stopped meanwhile.
   */
  ready(): Promise<void>
  /**
   * Calls `listener` when the worker stops to take connections, to end what would not end by itself: WebSockets, event
   * streams, a queue's subscription. Its signal aborts when the graceful timeout is over.
   */
  onDrain(listener: DrainListener): void
  /** Calls `listener` when the last connection has gone, before the process exits: to close pools and flush. */
  onShutdown(listener: ShutdownListener): void
}

/** The worker that this code runs in. */
export const worker: AppWorker = {
  get isSupervised() {
    return agentApi() !== undefined
  },
  get index() {
    return agentApi()?.index ?? 0
  },
  get generation() {
    return agentApi()?.generation ?? 0
  },
  get isReady() {
    return agentApi()?.isReady ?? true
  },
  ready: async () => agentApi()?.ready(),
  onDrain: (listener) => agentApi()?.onDrain(listener),
  onShutdown: (listener) => agentApi()?.onShutdown(listener),
}

/**
 * Who has sent a request: the client itself, also behind proxies that `--forwarded-allow-ips` trusts. Without a supervisor
 * it is whoever is connected, as nobody is trusted.
 */
export function client(request: IncomingMessage | Http2ServerRequest): Client {
  return clientOfRequest(request, agentApi()?.peers() ?? null)
}
