import type { IncomingMessage } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HttpRules } from '../protocol/http-rules.ts'
import type { AccessLog } from './access-log.ts'
import { arrivalOf, type Step } from './arrival.ts'
import { removeForwarded } from './forwarded.ts'
import { refuseVersion } from './http-version.ts'
import { headLimitStep, limitStep } from './limits.ts'
import { Peers, type RequestLike } from './peers.ts'
import { answerProxyLine } from './proxy-line.ts'
import type { RootPath } from './root-path.ts'
import { Trust } from './trust.ts'

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
  /** Who is at the other ends of its connections. */
  readonly peers: Peers
  readonly #steps: readonly Step[]
  readonly #rootPath: RootPath | null
  readonly #accessLog: AccessLog | null

  private constructor(
    peers: Peers,
    steps: readonly (Step | null)[],
    rootPath: RootPath | null,
    accessLog: AccessLog | null,
  ) {
    this.peers = peers
    this.#steps = steps.filter((step) => step !== null)
    this.#rootPath = rootPath
    this.#accessLog = accessLog
  }

  /** Loads what these rules need and nothing else: each file takes time of the boot. */
  static async load(rules: HttpRules, worker: WorkerParts): Promise<Http> {
    const peers = new Peers(new Trust(rules.proxy ?? []))
    const ids = rules.requestId && (await import('./request-id.ts'))
    const rootPath = rules.rootPath === undefined ? null : new (await import('./root-path.ts')).RootPath(rules.rootPath)
    const adding = (rules.headers ?? ids) && (await import('./response-headers.ts'))
    const log = rules.accessLog && new (await import('./access-log.ts')).AccessLog(rules.accessLog, peers, worker)
    const steps = [
      log?.step ?? null,
      refuseVersion,
      // Before any header is added or taken away.
      headLimitStep(rules.limits),
      ids?.identify(peers) ?? null,
      rules.proxy === undefined ? null : removeForwarded(peers),
      rootPath?.step ?? null,
      adding?.addHeaders(rules.headers, ids?.idHeaderOf) ?? null,
      // What it answers has these headers too.
      limitStep(rules.limits),
    ]
    return new Http(peers, steps, rootPath, log ?? null)
  }

  /** Opens the access log anew, after its file was renamed. */
  reopenLog(): void {
    this.#accessLog?.reopen()
  }

  /** Is shown every event of a server of the app. Returns whether the app must not hear of it, as it has been answered. */
  treat(server: Server, name: string | symbol, values: readonly unknown[]): boolean {
    const arrival = arrivalOf(server, name, values)
    if (arrival === null) return this.#treatOther(server, name, values)
    if (arrival.kind !== 'stream') {
      // The app may emit `request` itself, for one that was expected to go on.
      const request: Seen = arrival.request
      if (request[SEEN] === true) return false
      request[SEEN] = true
    }
    return this.#steps.some((step) => step(arrival) === 'answered')
  }

  #treatOther(server: Server, name: string | symbol, [first, second]: readonly unknown[]): boolean {
    if (name === 'connection') this.#accessLog?.include(server)
    if (name === 'clientError') {
      this.#accessLog?.malformed(first as NodeJS.ErrnoException, second as Socket)
      return answerProxyLine(first, second as Duplex)
    }
    // Made by Node, out of a stream of HTTP/2 that has been treated.
    if (name === 'request') this.#rootPath?.complete(first as RequestLike | undefined)
    return false
  }
}
