import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Server } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HttpRules, ResponseHeader } from '../protocol/http-rules.ts'
import { arrivalOf, type Step } from './arrival.ts'
import { clientOf, type Client } from './client.ts'
import { removeForwarded } from './forwarded.ts'
import { Peers, type RequestLike } from './peers.ts'
import { answerProxyLine } from './proxy-line.ts'
import { identify, REQUEST_ID, requestIdOf } from './request-id.ts'
import { addHeaders } from './response-headers.ts'
import { RootPath } from './root-path.ts'
import { Trust } from './trust.ts'

/** What is done to the HTTP traffic of a worker: one step after the other, in this order, before the app sees it. */
export class Http {
  readonly #steps: readonly Step[]
  readonly #seen = new WeakSet<IncomingMessage>()
  readonly #trust: Trust
  readonly #peers: Peers
  readonly #rootPath: RootPath | null
  readonly #clients = new WeakMap<object, Client>()

  constructor(rules: HttpRules) {
    this.#trust = new Trust(rules.proxy ?? [])
    this.#peers = new Peers(this.#trust)
    this.#rootPath = rules.rootPath === undefined ? null : new RootPath(rules.rootPath)
    const steps: (Step | null)[] = [
      rules.requestId ? identify(this.#peers) : null,
      rules.proxy === undefined ? null : removeForwarded(this.#peers),
      this.#rootPath?.step ?? null,
      headersStep(rules),
    ]
    this.#steps = steps.filter((step) => step !== null)
  }

  /** Is shown every event of a server of the app. Returns whether the app must not hear of it, as it has been answered. */
  treat(server: Server, name: string | symbol, values: readonly unknown[]): boolean {
    const arrival = arrivalOf(server, name, values)
    if (arrival === null) return this.#treatOther(name, values)
    if (arrival.kind !== 'stream') {
      // The app may emit `request` itself, for one that was expected to go on.
      if (this.#seen.has(arrival.request)) return false
      this.#seen.add(arrival.request)
    }
    return this.#steps.some((step) => step(arrival) === 'answered')
  }

  /** Who has sent a request, as far as those say who are trusted. */
  client(request: RequestLike): Client {
    const known = this.#clients.get(request.headers)
    if (known !== undefined) return known
    const peer = this.#peers.ofRequest(request)
    const client = clientOf(peer, request.headers as IncomingHttpHeaders, (address) => this.#trust.covers(address))
    this.#clients.set(request.headers, client)
    return client
  }

  #treatOther(name: string | symbol, [first, second]: readonly unknown[]): boolean {
    if (name === 'clientError') return answerProxyLine(first, second as Duplex)
    // Made by Node, out of a stream of HTTP/2 that has been treated.
    if (name === 'request') this.#rootPath?.complete(first as RequestLike | undefined)
    return false
  }
}

function headersStep({ headers, requestId }: HttpRules): Step | null {
  if (headers === undefined && requestId === undefined) return null
  const { add, hasDate } = headers ?? { add: [], hasDate: true }
  if (requestId === undefined) return addHeaders(() => add, hasDate)
  return addHeaders((arrival) => {
    const id: ResponseHeader = [REQUEST_ID, requestIdOf(arrival) ?? '']
    return [id, ...add]
  }, hasDate)
}
