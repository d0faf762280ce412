import type { IncomingMessage, ServerResponse } from 'node:http'
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { endAfter } from './drain.ts'
import type { Requests } from './requests.ts'

/** What Node's HTTP servers use when the app sets no keep-alive timeout, or turns it off. */
const DEFAULT_KEEP_ALIVE_MS = 5000
/** A request that was sent in the last moment of the promise is still under way for this long. */
const ON_THE_WAY_MS = 1000
const REFUSAL = 'shutting down'

/** What is done to HTTP traffic. */
type Treat = (server: Server, name: string | symbol, values: readonly unknown[]) => boolean

type Emit = (name: string | symbol, ...values: unknown[]) => boolean

/** A connection that speaks HTTP/1.1, or is about to. */
interface Connection {
  readonly socket: Socket
  /**
   * Those that have not been closed yet, oldest first. Requests may come before their predecessors are answered; only
   * after the last one the connection may end.
   */
  readonly responses: ServerResponse[]
  idleSince: number
  /** How much had been read when it became idle: more means that a request is on its way in. */
  readWhenIdle: number
}

/**
 * What goes on in one server of the app: its connections, which of them are idle, and the responses in flight.
 *
 * `node:diagnostics_channel` does not see upgrades, CONNECT or HTTP/2 sessions, and counts an aborted request for
 * ever. So `emit` is wrapped, on this very server and nothing else; and `writeHead`, on responses, once the worker
 * drains.
 */
export class Traffic {
  readonly server: Server
  readonly #connections = new Map<Socket, Connection>()
  /** Every socket, whatever it speaks, and since when. */
  readonly #sockets = new Map<Socket, number>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #requests: Requests
  readonly #onChange: () => void
  readonly #isTls: boolean
  /** The event that hands a connection to HTTP; none in a server of another protocol. */
  readonly connectionEvent: 'connection' | 'secureConnection' | null
  #isDraining = false

  /**
   * `onChange` is called before the app hears that its server listens, has failed or has closed. `treat` is shown all
   * events before the app hears of them, and returns whether it is not to hear of this one. It comes before refusals,
   * which go by the path that the app would see.
   */
  constructor(server: Server, requests: Requests, onChange: () => void, treat: Treat = () => false) {
    this.server = server
    this.#requests = requests
    this.#onChange = onChange
    this.#isTls = 'setTicketKeys' in server
    this.connectionEvent = !('keepAliveTimeout' in server) ? null : this.#isTls ? 'secureConnection' : 'connection'
    const { emit } = server as { emit: Emit }
    server.emit = (name: string | symbol, ...values: unknown[]): boolean => {
      this.#see(name, values)
      if (treat(server, name, values) || this.#refuses(name, values)) return true
      // Most events are requests: what they bring goes on without a list made for it.
      return values.length === 2
        ? emit.call(server, name, values[0], values[1])
        : Reflect.apply(emit, server, [name, ...values])
    }
  }

  /** How long the server keeps idle connections; null where HTTP/1.1 is not spoken. */
  get keepAliveMs(): number | null {
    return (this.server as { keepAliveTimeout?: number }).keepAliveTimeout ?? null
  }

  /** From now on every response asks its client to use another connection for the next request. */
  drain(): void {
    this.#isDraining = true
    for (const { responses } of this.#connections.values()) {
      for (const response of responses) endAfter(response, () => responses.at(-1) === response)
    }
    // GOAWAY: streams that are open go on, and the client opens new ones elsewhere.
    for (const session of this.#sessions) session.close()
  }

  /**
   * Ends connections that have been idle for as long as the server had promised to keep them: Node's own timeout
   * does not cover those that never sent a request. `limitMs` shortens the promise, for a quick stop, but not below
   * `firstMs` for who has sent nothing yet.
   */
  endIdle(now: number, limitMs: number, firstMs: number = limitMs): void {
    const promisedMs = (this.keepAliveMs || DEFAULT_KEEP_ALIVE_MS) + ON_THE_WAY_MS
    const patienceMs = Math.min(promisedMs, limitMs)
    const patienceWithNewMs = Math.min(promisedMs, Math.max(limitMs, firstMs))
    for (const { socket, responses, idleSince, readWhenIdle } of this.#connections.values()) {
      const isIdle = responses.length === 0 && socket.bytesRead === readWhenIdle
      const isNew = readWhenIdle === 0
      if (isIdle && now - idleSince >= (isNew ? patienceWithNewMs : patienceMs)) socket.destroySoon()
    }
    if (!this.#isTls) return
    // Who has not even begun a handshake is nobody's client yet.
    for (const [socket, since] of this.#sockets) {
      if (socket.bytesRead === 0 && now - since >= patienceWithNewMs) socket.destroySoon()
    }
  }

  /** Ends all connections, whatever goes on in them. */
  cutOff(): void {
    for (const socket of this.#sockets.keys()) socket.destroy()
  }

  /** How many connections are open, TLS handshakes and upgraded ones included. */
  count(): Promise<number> {
    return new Promise((resolve) => {
      this.server.getConnections((error, count) => resolve(error ? 0 : count))
    })
  }

  /** Apps may emit what they like under these names too, so that nothing is taken for granted. */
  #see(name: string | symbol, values: readonly unknown[]): void {
    switch (name) {
      case 'listening':
      case 'error':
      case 'close':
        this.#onChange()
        return
      case 'connection':
      case 'secureConnection':
        this.#opened(name, values[0] as Socket)
        return
      case 'request':
      case 'checkContinue':
      case 'checkExpectation':
        this.#request(values[0] as IncomingMessage | undefined, values[1] as ServerResponse)
        return
      case 'upgrade':
      case 'connect':
        this.#handedOver(values[0] as IncomingMessage | undefined)
        return
      case 'session':
        this.#session(values[0] as ServerHttp2Session)
        return
      case 'stream':
        this.#stream(values[0] as ServerHttp2Stream, values[1] as IncomingHttpHeaders | undefined)
        return
    }
  }

  /** Answers in the app's place, if the request is for a path that is refused. Returns whether it was. */
  #refuses(name: string | symbol, values: readonly unknown[]): boolean {
    if (name === 'request') {
      const request = values[0] as IncomingMessage | undefined
      if (!isOfHttp1(request) || !this.#requests.isRefused(request.url)) return false
      ;(values[1] as ServerResponse).writeHead(503, { 'Content-Type': 'text/plain' }).end(REFUSAL)
      return true
    }
    if (name !== 'stream') return false
    const headers = values[1] as IncomingHttpHeaders | undefined
    if (!this.#requests.isRefused(headers?.[':path'])) return false
    refuseStream(values[0] as ServerHttp2Stream, headers?.[':method'] === 'HEAD')
    return true
  }

  #opened(name: 'connection' | 'secureConnection', socket: Socket & { readonly alpnProtocol?: string }): void {
    if (name === 'connection') {
      this.#sockets.set(socket, performance.now())
      socket.once('close', () => this.#sockets.delete(socket))
    }
    const speaksHttp1 =
      name === this.connectionEvent || (name === 'secureConnection' && 'updateSettings' in this.server)
    if (speaksHttp1 && socket.alpnProtocol !== 'h2') this.#connection(socket)
  }

  #session(session: ServerHttp2Session): void {
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
    if (this.#isDraining) setImmediate(() => session.close())
  }

  /** HTTP/2 emits this for every request, also where the app listens for `request`. */
  #stream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders | undefined): void {
    if (headers?.[':method'] === undefined) return
    stream.once('close', this.#requests.begin(headers[':method'], headers[':path'] ?? ''))
  }

  /** From here on the connection is the app's, not HTTP's. */
  #handedOver(request: IncomingMessage | undefined): void {
    if (!isOfHttp1(request)) return
    this.#requests.count()
    this.#connections.delete(request.socket)
  }

  #request(request: IncomingMessage | undefined, response: ServerResponse): void {
    // HTTP/2 has its streams in the session; its responses know no `Connection: close`.
    if (!isOfHttp1(request)) return
    const connection = this.#connection(request.socket)
    const { responses } = connection
    // The app may emit `request` itself, for one that was expected to go on.
    if (responses.includes(response)) return
    const end = this.#requests.begin(request.method ?? '', request.url ?? '')
    responses.push(response)
    // `close`, not `finish`: an aborted request never finishes. It comes once, and `once` would cost more than the rest.
    response.on('close', () => {
      end()
      if (responses[0] === response) responses.shift()
      else if (responses.includes(response)) responses.splice(responses.indexOf(response), 1)
      connection.idleSince = performance.now()
      connection.readWhenIdle = connection.socket.bytesRead
    })
    if (this.#isDraining) endAfter(response, () => responses.at(-1) === response)
  }

  #connection(socket: Socket): Connection {
    const known = this.#connections.get(socket)
    if (known !== undefined) return known
    const connection: Connection = { socket, responses: [], idleSince: performance.now(), readWhenIdle: 0 }
    this.#connections.set(socket, connection)
    socket.once('close', () => {
      this.#connections.delete(socket)
      // Of several responses that waited, Node 20 and 22 close the first one alone: the others would count for ever.
      setImmediate(() => {
        for (const response of connection.responses.splice(0)) response.emit('close')
      })
    })
    return connection
  }
}

/** Not by the version, which is what the client writes: of HTTP/2 is what Node has made of a stream. */
function isOfHttp1(request: IncomingMessage | undefined): request is IncomingMessage {
  return request !== undefined && !('stream' in request)
}

/** The limits of http/ do it likewise: what is loaded before the app has no file of theirs. */
function refuseStream(stream: ServerHttp2Stream, isHead: boolean): void {
  // The app never hears of this stream, so that nobody else would hear of its errors.
  stream.on('error', () => {})
  if (stream.destroyed || stream.closed) return
  stream.respond({ ':status': 503, 'content-type': 'text/plain' }, { endStream: isHead })
  if (!isHead) stream.end(REFUSAL)
}
