import { request } from 'node:http'
import type { Socket } from 'node:net'
import { duplexPair, type Duplex } from 'node:stream'
import type { Traffic } from './traffic.ts'

/** A probe that is not answered for this long has failed. */
const PATIENCE_MS = 5000

/**
 * Asks a server of this very worker for a path, through a connection that exists in this process only: no other worker
 * can answer, and the worker need not accept yet. Returns null if the answer is good, else what is wrong with it.
 */
export function probe({ server, connectionEvent }: Traffic, path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const [ours, theirs] = duplexPair()
    const options = { path, createConnection: () => likeSocket(ours, false), headers: { host: 'localhost' } }
    const outgoing = request(options, (response) => {
      response.resume()
      const { statusCode = 0 } = response
      end(statusCode < 400 ? null : `${path} answered ${statusCode}`)
    })
    const timer = setTimeout(() => outgoing.destroy(new Error('was not answered')), PATIENCE_MS)
    const end = (problem: string | null): void => {
      clearTimeout(timer)
      resolve(problem)
    }
    outgoing.on('error', (error) => end(`${path}: ${error.message}`))
    outgoing.end()
    // One side does not learn by itself that the other one was destroyed; what it sent before is to be read first.
    theirs.once('close', () => setImmediate(() => ours.destroy()))
    ours.once('close', () => theirs.destroy())
    const event = connectionEvent ?? 'connection'
    server.emit(event, Object.assign(likeSocket(theirs, event === 'secureConnection'), { server }))
  })
}

/** Gives a stream what Node's HTTP, frameworks and apps expect of a socket. */
function likeSocket(stream: Duplex, encrypted: boolean): Socket {
  const self = (): Duplex => stream
  const place = { address: '127.0.0.1', family: 'IPv4', port: 0 }
  const destroySoon = (): void => {
    stream.end()
    if (stream.writableFinished) stream.destroy()
    else stream.once('finish', () => stream.destroy())
  }
  return Object.assign(stream, {
    // Nobody's request: it is not in the access log.
    isProbe: true,
    encrypted,
    authorized: false,
    // A server of HTTP/2 speaks HTTP/1.1 with whoever has asked for nothing.
    alpnProtocol: false,
    remoteAddress: place.address,
    remoteFamily: place.family,
    remotePort: place.port,
    localAddress: place.address,
    localFamily: place.family,
    localPort: place.port,
    address: () => place,
    setTimeout: self,
    setNoDelay: self,
    setKeepAlive: self,
    ref: self,
    unref: self,
    destroySoon,
  }) as unknown as Socket
}
