import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectSecurely, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { until, within } from '../harness/until.ts'

/** A connection that the test writes to by itself, and what has come over it. */
export class Exchange implements Disposable {
  readonly socket: Socket
  received = ''
  isClosed = false
  error: NodeJS.ErrnoException | null = null

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => (this.received += chunk))
    socket.on('error', (error) => (this.error = error))
    socket.once('close', () => (this.isClosed = true))
  }

  static to(port: number): Exchange {
    return new Exchange(connect(port, '127.0.0.1'))
  }

  /** Over TLS; resolves when the handshake is over. */
  static async secure(port: number, options: ConnectionOptions): Promise<Exchange & { readonly socket: TLSSocket }> {
    const socket = connectSecurely({ port, host: '127.0.0.1', servername: 'localhost', ...options })
    await within('a TLS handshake', once(socket, 'secureConnect'))
    return new Exchange(socket) as Exchange & { readonly socket: TLSSocket }
  }

  send(text: string): this {
    this.socket.write(text)
    return this
  }

  /** Waits for an answer that ends as JSON does, or with a text, and takes it. */
  async answer(end = '}'): Promise<string> {
    const what = `an answer with ${end}`
    await until(what, () => this.received.includes(end) || (this.isClosed && new Error(`closed: ${this.received}`)))
    const answer = this.received
    if (!answer.includes(end)) throw new Error(`closed without ${what}: ${answer} ${this.error?.message ?? ''}`)
    this.received = ''
    return answer
  }

  async closed(): Promise<string> {
    await until('the connection is closed', () => this.isClosed)
    return this.received
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

export const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
/** A request that is in flight until its body follows: one byte. */
export const POST = 'POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n'
/** What says that it is in flight. */
export const GO_ON = 'HTTP/1.1 100 Continue\r\n\r\n'
export const UPGRADE = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'

/** What http-handler.mjs answers. */
export interface Facts {
  readonly pid: number
  readonly generation: number
  readonly version: string
  readonly headers: number
  /** Whom the client's certificate names, and whether that was verified. */
  readonly peer: string | null
  readonly isVerified: boolean
}

export function factsOf(answer: string): Facts {
  return JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as Facts
}
