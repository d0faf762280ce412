import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import type { Server, Socket } from 'node:net'

/** What Node's HTTP servers use when the app sets no keep-alive timeout, or turns it off. */
const DEFAULT_KEEP_ALIVE_MS = 5000
/** A request that was sent in the last moment of the promise is still under way for this long. */
const ON_THE_WAY_MS = 1000

interface Connection {
  readonly socket: Socket
  /** Requests whose response has not been closed yet. */
  busy: number
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
  readonly #responses = new Set<ServerResponse>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #onChange: () => void
  /** The event that hands a connection to HTTP; none in a server of another protocol. */
  readonly connectionEvent: 'connection' | 'secureConnection' | null
  #isDraining = false

  /** `onChange` is called before the app hears that its server listens, has failed or has closed. */
  constructor(server: Server, onChange: () => void) {
    this.server = server
    this.#onChange = onChange
    const isTls = 'setTicketKeys' in server
    this.connectionEvent = !('keepAliveTimeout' in server) ? null : isTls ? 'secureConnection' : 'connection'
    const emit = server.emit
    server.emit = (name: string | symbol, ...values: unknown[]): boolean => {
      this.#see(name, values)
      return Reflect.apply(emit, server, [name, ...values])
    }
  }

  /** How long the server keeps idle connections; null where HTTP/1.1 is not spoken. */
  get keepAliveMs(): number | null {
    return (this.server as { keepAliveTimeout?: number }).keepAliveTimeout ?? null
  }

  /** From now on every response asks its client to use another connection for the next request. */
  drain(): void {
    this.#isDraining = true
    for (const response of this.#responses) endAfter(response)
    // GOAWAY: streams that are open go on, and the client opens new ones elsewhere.
    for (const session of this.#sessions) session.close()
  }

  /**
   * Ends connections that have been idle for as long as the server had promised to keep them: Node's own timeout
   * does not cover those that never sent a request. `limitMs` shortens the promise, for a quick stop.
   */
  endIdle(now: number, limitMs: number): void {
    const promisedMs = (this.keepAliveMs || DEFAULT_KEEP_ALIVE_MS) + ON_THE_WAY_MS
    for (const { socket, busy, idleSince, readWhenIdle } of this.#connections.values()) {
      const isIdle = busy === 0 && socket.bytesRead === readWhenIdle
      if (isIdle && now - idleSince >= Math.min(promisedMs, limitMs)) socket.destroySoon()
    }
  }

  /** How many connections are open, TLS handshakes and upgraded ones included. */
  count(): Promise<number> {
    return new Promise((resolve) => {
      this.server.getConnections((error, count) => resolve(error ? 0 : count))
    })
  }

  #see(name: string | symbol, values: readonly unknown[]): void {
    switch (name) {
      case 'listening':
      case 'error':
      case 'close':
        this.#onChange()
        return
      case this.connectionEvent:
        this.#opened(values[0] as Socket)
        return
      case 'request':
      case 'checkContinue':
      case 'checkExpectation':
        this.#request(values[0] as IncomingMessage, values[1] as ServerResponse)
        return
      case 'upgrade':
      case 'connect':
        // From here on the connection is the app's, not HTTP's.
        this.#connections.delete((values[0] as IncomingMessage).socket)
        return
      case 'session':
        this.#session(values[0] as ServerHttp2Session)
        return
    }
  }

  #opened(socket: Socket & { readonly alpnProtocol?: string }): void {
    if (socket.alpnProtocol !== 'h2') this.#connection(socket)
  }

  #session(session: ServerHttp2Session): void {
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
    if (this.#isDraining) setImmediate(() => session.close())
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    // HTTP/2 has its streams in the session; its responses know no `Connection: close`.
    if (request.httpVersionMajor !== 1) return
    const connection = this.#connection(request.socket)
    connection.busy++
    this.#responses.add(response)
    // `close`, not `finish`: an aborted request never finishes.
    response.once('close', () => {
      this.#responses.delete(response)
      connection.busy--
      connection.idleSince = performance.now()
      connection.readWhenIdle = connection.socket.bytesRead
    })
    if (this.#isDraining) endAfter(response)
  }

  #connection(socket: Socket): Connection {
    const known = this.#connections.get(socket)
    if (known !== undefined) return known
    const connection = { socket, busy: 0, idleSince: performance.now(), readWhenIdle: 0 }
    this.#connections.set(socket, connection)
    socket.once('close', () => this.#connections.delete(socket))
    return connection
  }
}

/** Makes a response the last one on its connection, whatever headers the app asks for. */
function endAfter(response: ServerResponse): void {
  if (response.headersSent) return
  response.shouldKeepAlive = false
  const writeHead = response.writeHead
  // Also Node itself calls this, for headers that the app has only set.
  response.writeHead = (...values: unknown[]): ServerResponse => {
    const headers = values.at(-1)
    if (Array.isArray(headers)) {
      values[values.length - 1] = closingList(headers)
      response.removeHeader('Connection')
    } else {
      if (typeof headers === 'object' && headers !== null) values[values.length - 1] = withoutConnection(headers)
      response.setHeader('Connection', 'close')
    }
    return Reflect.apply(writeHead, response, values)
  }
}

function withoutConnection(headers: object): object {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isConnection(name)))
}

/** `writeHead` takes headers also as one flat list, or as a list of pairs. */
function closingList(headers: readonly unknown[]): unknown[] {
  if (Array.isArray(headers[0])) {
    return [...headers.filter((pair) => !isConnection((pair as unknown[])[0])), ['Connection', 'close']]
  }
  return [...headers.filter((_, index) => !isConnection(headers[index - (index % 2)])), 'Connection', 'close']
}

function isConnection(name: unknown): boolean {
  return String(name).toLowerCase() === 'connection'
}
