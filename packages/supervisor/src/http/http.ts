import type { IncomingMessage } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { HttpRules } from '../protocol/http-rules.ts'
import type { AccessLog } from './access-log.ts'
import { arrivalOf, type Step } from './arrival.ts'

/** What of its worker HTTP needs. */
export interface WorkerParts {
  /** Has the supervisor tell what does not go well. */
  readonly warn: (code: string, text: string) => void
  /** Has the next write to standard output return at once. Returns whether it can be done. */
  readonly unblockStdout: () => boolean
}

/** Marks a request. A set of them would take longer than all steps together. */
const SEEN = Symbol('prefork.seen')
type Seen = IncomingMessage & { [SEEN]?: true }

/** What is done to the HTTP traffic of a worker: one step after the other, in this order, before the app sees it. */
export class Http {
  readonly #steps: readonly Step[]
  readonly #accessLog: AccessLog | null

  /** Loads what the rules ask for, and nothing else. */
  static async load({ accessLog }: HttpRules, worker: WorkerParts): Promise<Http> {
    if (accessLog === null) return new Http(null)
    const { AccessLog: Log } = await import('./access-log.ts')
    return new Http(new Log(accessLog, worker))
  }

  private constructor(accessLog: AccessLog | null) {
    this.#accessLog = accessLog
    this.#steps = accessLog === null ? [] : [accessLog.step]
  }

  /** Opens the access log anew, after its file was renamed. */
  reopenLog(): void {
    this.#accessLog?.reopen()
  }

  /** Is shown every event of a server of the app. Returns whether the app must not hear of it, as it has been answered. */
  treat(server: Server, name: string | symbol, values: readonly unknown[]): boolean {
    // Who asks for nothing pays for nothing.
    if (this.#steps.length === 0) return false
    const arrival = arrivalOf(server, name, values)
    if (arrival === null) {
      if (name === 'connection') this.#accessLog?.include(server)
      if (name === 'clientError') this.#accessLog?.malformed(values[0] as NodeJS.ErrnoException, values[1] as Socket)
      return false
    }
    if (arrival.kind !== 'stream') {
      // The app may emit `request` itself, for one that was expected to go on.
      const request: Seen = arrival.request
      if (request[SEEN] === true) return false
      request[SEEN] = true
    }
    return this.#steps.some((step) => step(arrival) === 'answered')
  }
}
