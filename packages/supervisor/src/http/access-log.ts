import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { AccessLogRules, TemplatePart } from '../protocol/access-log.ts'
import { formatFor, type Format } from './access-line.ts'
import type { Arrival } from './arrival.ts'
import { bodyLength, isMeasured, measureBody } from './body-length.ts'
import { clientOf } from './client.ts'
import type { Exchange } from './exchange.ts'
import { onFirstWords } from './first-words.ts'
import type { WorkerParts } from './http.ts'
import { LineWriter } from './line-writer.ts'
import { isTerminal, openStdout, openTarget, type LogTarget } from './log-target.ts'
import { peerOf, type Peer, type Peers } from './peers.ts'
import { requestIdOf } from './request-id.ts'
import { keepSentHeaders } from './sent-headers.ts'

type Request = Extract<Arrival, { readonly kind: 'request' }>
type Upgrade = Extract<Arrival, { readonly kind: 'upgrade' }>
type Stream = Extract<Arrival, { readonly kind: 'stream' }>

const { subscribe } = process.getBuiltinModule('node:diagnostics_channel')

/** Told of each request of HTTP/1.1, also of those that Node answers without the app, such as one without `Host`. */
const REQUESTS = 'http.server.request.start'

/** What Node answers to what is no request, by the code of its error. */
const ANSWERS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** Writes a line for each request, when its answer is over. */
export class AccessLog {
  readonly #file: string | null
  readonly #peers: Peers
  readonly #warn: (text: string) => void
  readonly #unblockStdout: () => boolean
  readonly #format: Format
  /** Whether lines have headers of the answer. */
  readonly #showsAnswer: boolean
  /** Null while the file can't be opened. */
  #writer: LineWriter | null
  readonly #servers = new WeakSet<Server>()
  /** Connections on which something came that is no request, and what was answered. */
  readonly #malformed = new WeakMap<Duplex, { status: number | null; isTold: boolean }>()

  constructor({ file, format }: AccessLogRules, peers: Peers, { warn, unblockStdout }: WorkerParts) {
    this.#peers = peers
    this.#file = file
    this.#unblockStdout = unblockStdout
    const name = `the access log${file === null ? '' : ` ${file}`}`
    this.#warn = (text) => warn('SUPERVISOR_ACCESS_LOG_TROUBLE', `${name} ${text}`)
    const target = this.#open()
    this.#showsAnswer = typeof format === 'object' && format.some(isOfAnswer)
    this.#format = formatFor(format, target !== null && isTerminal(target))
    this.#writer = target === null ? null : new LineWriter(target, this.#warn)
    subscribe(REQUESTS, (message) => {
      const told = message as Omit<Request, 'kind'>
      if (this.#servers.has(told.server)) this.#request({ kind: 'request', ...told })
    })
  }

  /** From now on the requests of this server are written down, whoever answers them. */
  include(server: Server): void {
    this.#servers.add(server)
  }

  /** Opens the file anew, after it was renamed. */
  reopen(): void {
    if (this.#file === null) return
    const target = this.#open()
    if (target === null) return
    if (this.#writer === null) this.#writer = new LineWriter(target, this.#warn)
    else this.#writer.replace(target)
  }

  /** The step that comes first: the clock starts here. */
  readonly step = (arrival: Arrival): 'passed' => {
    switch (arrival.kind) {
      case 'request':
        this.#request(arrival)
        break
      case 'upgrade':
        this.#upgrade(arrival)
        break
      case 'stream':
        this.#stream(arrival)
    }
    return 'passed'
  }

  /** Something came that is no request. Node answers by itself, unless the app does. */
  malformed({ code = '' }: NodeJS.ErrnoException, socket: Socket): void {
    if (this.#malformed.has(socket)) return
    const { address } = peerOf(socket)
    const since = performance.now()
    const answer: { status: number | null; isTold: boolean } = { status: null, isTold: false }
    this.#malformed.set(socket, answer)
    onFirstWords(socket, (status) => (answer.status = status))
    socket.once('close', () => {
      // Who has gone without an answer has said nothing that was to be answered.
      if (answer.isTold || (answer.status === null && code === 'ECONNRESET')) return
      this.#write({
        method: null,
        url: null,
        protocol: null,
        client: address,
        headers: {},
        requestId: null,
        status: answer.status ?? ANSWERS[code] ?? 400,
        bytes: 0,
        ms: performance.now() - since,
        isAborted: false,
        answered: unknown,
      })
    })
  }

  #request(arrival: Request): void {
    const { request, response } = arrival
    // What a step after this one, or the app, makes of them is not what the client sent.
    const { method = '', url = '', socket } = request
    if (isMeasured(response) || isPrivate(socket)) return
    const peer = this.#peers.of(arrival)
    const since = performance.now()
    measureBody(response)
    const answered = this.#showsAnswer ? keepSentHeaders(response) : unknown
    response.on('close', () => {
      const isAborted = !response.writableFinished
      this.#write({
        method,
        url,
        protocol: `HTTP/${request.httpVersion}`,
        client: this.#clientOf(peer, request.headers),
        headers: request.headers,
        requestId: requestIdOf(arrival),
        status: this.#statusOf(response, isAborted, socket),
        bytes: hasBody(method, response.statusCode) ? bodyLength(response) : 0,
        ms: performance.now() - since,
        isAborted,
        answered,
      })
    })
  }

  /** Null for who got no answer. */
  #statusOf(response: ServerResponse, isAborted: boolean, socket: Socket): number | null {
    if (!isAborted || response.headersSent) return response.statusCode
    const answer = this.#malformed.get(socket)
    if (answer === undefined) return null
    answer.isTold = true
    return answer.status
  }

  /** A connection that is the app's from here on is one line, when it has ended. */
  #upgrade(arrival: Upgrade): void {
    const { request, socket } = arrival
    const { method = '', url = '' } = request
    const peer = this.#peers.of(arrival)
    const since = performance.now()
    const before = request.socket.bytesWritten
    let status: number | null = null
    onFirstWords(socket, (first) => (status = first))
    socket.once('close', () => {
      const bytes = request.socket.bytesWritten - before
      const ms = performance.now() - since
      const protocol = `HTTP/${request.httpVersion}`
      const { headers } = request
      const isAborted = status === null
      const client = this.#clientOf(peer, headers)
      const requestId = requestIdOf(arrival)
      this.#write({
        method,
        url,
        protocol,
        client,
        headers,
        requestId,
        status,
        bytes,
        ms,
        isAborted,
        answered: unknown,
      })
    })
  }

  #stream(arrival: Stream): void {
    const { stream, headers } = arrival
    const method = headers[':method'] ?? ''
    const url = headers[':path'] ?? headers[':authority'] ?? ''
    const peer = this.#peers.of(arrival)
    const since = performance.now()
    measureBody(stream)
    stream.on('close', () => {
      const answer = (stream.sentHeaders as OutgoingHttpHeaders | undefined) ?? {}
      const status = answer[':status'] === undefined ? null : Number(answer[':status'])
      // A file that Node sends by itself is not written by the app.
      const bytes = hasBody(method, status) ? bodyLength(stream) || Number(answer['content-length'] ?? 0) : 0
      const isAborted = stream.aborted || status === null || !stream.writableFinished
      const ms = performance.now() - since
      const answered = (name: string): unknown => answer[name]
      const client = this.#clientOf(peer, headers)
      const [protocol, requestId] = ['HTTP/2.0', requestIdOf(arrival)]
      this.#write({ method, url, protocol, client, headers, requestId, status, bytes, ms, isAborted, answered })
    })
  }

  /** By the headers that are left when a trusted proxy has had its say. */
  #clientOf(peer: Peer, headers: IncomingHttpHeaders): string | null {
    return clientOf(peer, headers, this.#peers.isTrusted).address
  }

  #write(exchange: Exchange): void {
    this.#writer?.write(this.#format(exchange))
  }

  #open(): LogTarget | null {
    try {
      return this.#file === null ? openStdout(this.#unblockStdout) : openTarget(this.#file)
    } catch (error) {
      this.#warn(`could not be opened: ${(error as Error).message}. Mend that, and send USR1`)
      return null
    }
  }
}

/** These answers have none, whatever the app writes. */
function hasBody(method: string, status: number | null): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304
}

/** Whether the supervisor asks, by the worker's own hand, whether the app is ready. */
function isPrivate(socket: IncomingMessage['socket']): boolean {
  return 'isProbe' in socket
}

function isOfAnswer(part: TemplatePart): boolean {
  return part.kind === 'atom' && part.atom.kind === 'response-header'
}

/** Of who has no headers. */
function unknown(): null {
  return null
}
