import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { Arrival } from './arrival.ts'
import { canonical, type Trust } from './trust.ts'

const net = process.getBuiltinModule('node:net')

/** Who is at the other end of a connection: the client, or a proxy. */
export interface Peer {
  /** Null for a Unix socket, and for who had gone before anybody looked. */
  readonly address: string | null
  readonly port: number | null
  readonly isEncrypted: boolean
  /** Whether its word on the client is taken. */
  readonly isTrusted: boolean
}

/** A request, as apps get to see it. */
export interface RequestLike {
  readonly headers: IncomingHttpHeaders
  readonly socket: Socket
  /** Of HTTP/2. */
  readonly stream?: { readonly session?: Session | undefined }
}

interface Session {
  readonly socket: Socket
  readonly destroyed: boolean
}

/** The peers of all connections. Each is looked at once, for as long as its connection is open. */
export class Peers {
  readonly #trust: Trust
  readonly #known = new WeakMap<object, Peer>()

  constructor(trust: Trust) {
    this.#trust = trust
  }

  /** Whether the word of whoever has this address is taken. */
  readonly isTrusted = (address: string): boolean => this.#trust.covers(address)

  /** Whose request this is. */
  of(arrival: Arrival): Peer {
    if (arrival.kind !== 'stream') return this.#ofSocket(arrival.request.socket, arrival.request.socket)
    const peer = this.#ofSession(arrival.stream.session)
    // A stream forgets its session when it is closed, and who asks may come later.
    this.#known.set(arrival.headers, peer)
    return peer
  }

  /** The same, of a request that the app has. */
  ofRequest(request: RequestLike): Peer {
    // Not by the version: that is what the client writes.
    if (!('stream' in request)) return this.#ofSocket(request.socket, request.socket)
    return this.#known.get(request.headers) ?? this.#ofSession(request.stream?.session)
  }

  #ofSession(session: Session | undefined): Peer {
    return session === undefined || session.destroyed ? GONE : this.#ofSocket(session, session.socket)
  }

  #ofSocket(connection: object, socket: Socket): Peer {
    const known = this.#known.get(connection)
    if (known !== undefined) return known
    const peer = peerOf(socket)
    const isTrusted = isUnix(socket) ? this.#trust.coversUnix : this.#trust.covers(peer.address)
    const judged = { ...peer, isTrusted }
    this.#known.set(connection, judged)
    return judged
  }
}

const GONE: Peer = { address: null, port: null, isEncrypted: false, isTrusted: false }

/** Who is at the other end of a socket, for whom nobody has vouched. */
export function peerOf(socket: Socket): Peer {
  const { remoteAddress, remotePort } = socket
  const address = remoteAddress === undefined ? null : canonical(remoteAddress)
  return {
    address,
    port: remotePort ?? null,
    isEncrypted: 'encrypted' in socket && socket.encrypted === true,
    isTrusted: false,
  }
}

/**
 * Whether this is a Unix socket. Over TCP too the peer has no address when it has reset the connection by the time that
 * somebody looks, which anybody can do: but there the socket has an address of its own.
 */
function isUnix(socket: Socket): boolean {
  if (!(socket instanceof net.Socket) || socket.destroyed) return false
  return socket.remoteAddress === undefined && socket.localAddress === undefined
}
