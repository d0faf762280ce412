import { request } from 'node:http'
import { connect, isIPv6, type Socket } from 'node:net'
import type { WebSocket } from 'ws'

/** An inspector that listens for whoever wants to debug its process. */
export interface Target {
  readonly host: string
  readonly port: number
  /** Names the process to the inspector, and keeps out those who only guess. */
  readonly path: string
}

interface Pending {
  resolve(result: unknown): void
  reject(error: Error): void
}

interface Reply {
  readonly id?: number
  readonly method?: string
  readonly result?: unknown
  readonly error?: { readonly message?: string }
}

/** Where our own connections to inspectors come from, to tell them from a debugger's. */
const OWN_PORTS = new Set<number>()

export function isOwnPort(port: number): boolean {
  return OWN_PORTS.has(port)
}

/** Connects without an agent, which may have been told to go through a proxy. */
function connectTo(host: string, port: number): Socket {
  const socket = connect(port, host)
  let own = 0
  socket.once('connect', () => OWN_PORTS.add((own = socket.localPort ?? 0)))
  socket.once('close', () => OWN_PORTS.delete(own))
  return socket
}

/** Asks what listens there whether it is an inspector. Others need not answer, or may answer anything. */
export async function targetAt(host: string, port: number, patienceMs: number): Promise<Target | null> {
  const url = hostAndPort(host, port)
  const signal = AbortSignal.timeout(patienceMs)
  const createConnection = (): Socket => connectTo(host, port)
  const headers = { host: url, connection: 'close' }
  const text = await new Promise<string | null>((resolve) => {
    const asked = request({ path: '/json/list', headers, createConnection, signal }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
        if (body.length > 100_000) asked.destroy()
      })
      response.once('end', () => resolve(body))
      response.once('error', () => resolve(null))
    })
    // `close` comes whatever happens; a promise settles once.
    asked.once('error', () => resolve(null)).once('close', () => resolve(null))
    asked.end()
  })
  const path = text === null ? null : pathIn(text)
  return path === null ? null : { host, port, path }
}

function pathIn(list: string): string | null {
  try {
    const [target] = JSON.parse(list) as readonly { readonly webSocketDebuggerUrl?: unknown }[]
    return /^ws:\/\/[^/]+(\/[\w-]+)$/.exec(String(target?.webSocketDebuggerUrl))?.[1] ?? null
  } catch {
    return null
  }
}

function hostAndPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

/** A connection to an inspector. What is asked is answered, or rejected when the connection ends. */
export class DevTools implements Disposable {
  readonly #socket: WebSocket
  readonly #pending = new Map<number, Pending>()
  readonly #events = new Map<string, () => void>()
  #lastId = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString()) as Reply))
    socket.once('close', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('the inspector has closed the connection'))
      this.#pending.clear()
    })
  }

  static async open({ host, port, path }: Target, patienceMs: number): Promise<DevTools> {
    // Only here, since it is needed only when something has gone wrong.
    const { WebSocket } = await import('ws')
    const socket = new WebSocket(`ws://${hostAndPort(host, port)}${path}`, {
      perMessageDeflate: false,
      handshakeTimeout: patienceMs,
      createConnection: () => connectTo(host, port),
    })
    const tools = new DevTools(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve)
      // Every later error is followed by `close`.
      socket.on('error', reject)
    })
    return tools
  }

  async call(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      this.#socket.send(JSON.stringify({ id, method, params }), (error) => error != null && reject(error))
    })
  }

  /** Resolves when the inspector tells of this event next. */
  async next(event: string): Promise<void> {
    return new Promise((resolve) => this.#events.set(event, resolve))
  }

  [Symbol.dispose](): void {
    this.#socket.terminate()
  }

  #receive({ id, method, result, error }: Reply): void {
    if (method !== undefined) this.#events.get(method)?.()
    const pending = this.#pending.get(id ?? 0)
    if (id === undefined || pending === undefined) return
    this.#pending.delete(id)
    if (error === undefined) pending.resolve(result)
    else pending.reject(new Error(`the inspector refuses: ${error.message ?? 'for no reason'}`))
  }
}
