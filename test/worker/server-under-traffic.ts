import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { Requests } from '../../packages/supervisor/src/worker/requests.ts'
import { Traffic } from '../../packages/supervisor/src/worker/traffic.ts'
import { within } from '../harness/until.ts'

/** A server of this process, watched by a Traffic, that ends with the test. */
export interface Watched<Kind extends Server> {
  readonly server: Kind
  readonly traffic: Traffic
  readonly port: number
  /** The server's ends of its connections, in order. */
  readonly sockets: Socket[]
}

export async function watch<Kind extends Server>(server: Kind): Promise<Watched<Kind>> {
  const traffic = new Traffic(server, new Requests(), () => {})
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => sockets.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { server, traffic, port: (server.address() as AddressInfo).port, sockets }
}

/** An HTTP server that keeps connections for far longer than a test takes. */
export function watchHttp(listener: RequestListener): Promise<Watched<ReturnType<typeof createServer>>> {
  return watch(createServer({ keepAliveTimeout: 600_000 }, listener))
}

/** A connection that a client has opened, and that the server has taken. */
export async function open({ server, port }: Watched<Server>): Promise<Client> {
  const taken = once(server, 'connection')
  const client = new Client(connect(port, '127.0.0.1'))
  await within('the server has taken the connection', taken)
  return client
}

/** A client that speaks HTTP by hand, so that it sees every byte and repeats nothing. */
export class Client {
  readonly socket: Socket
  /** What has been received. */
  text = ''
  readonly #closed: Promise<unknown>

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (this.text += chunk))
    socket.on('error', () => {})
    this.#closed = new Promise((resolve) => socket.once('close', resolve))
    onTestFinished(() => {
      socket.destroy()
    })
  }

  get(path: string, headers: readonly string[] = []): void {
    this.socket.write([`GET ${path} HTTP/1.1`, 'Host: test', ...headers, '', ''].join('\r\n'))
  }

  /** Everything that was received, once the server has ended the connection. */
  async toItsEnd(): Promise<string> {
    await within(`the server ends the connection\n${this.text}`, this.#closed)
    return this.text
  }
}

/** All headers of that name in what a client has received. */
export function headersOf(text: string, name: string): string[] {
  return text.split('\r\n').filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
}
