import { BlockList, SocketAddress } from 'node:net'
import { familyOf, readTrustedPeer } from './trusted-peer.ts'

/** IPv4 as a socket that takes both families shows it. */
const MAPPED = '::ffff:'

/** Whose word on the client is taken. */
export class Trust {
  readonly #everybody: boolean
  readonly #unix: boolean
  /** Node's own: it knows that ::ffff:127.0.0.1 is 127.0.0.1, and when two spellings are one address. */
  readonly #networks = new BlockList()

  constructor(entries: readonly string[]) {
    const peers = entries.map(readTrustedPeer)
    this.#everybody = peers.some((peer) => peer?.kind === 'everybody')
    this.#unix = peers.some((peer) => peer?.kind === 'unix')
    for (const peer of peers) {
      if (peer?.kind === 'network') this.#networks.addSubnet(peer.address, peer.bits, peer.family)
    }
  }

  /** Whether it is taken from who is connected through a Unix socket. */
  get coversUnix(): boolean {
    return this.#everybody || this.#unix
  }

  /** Whether it is taken from this address. Null is for one that nobody knows. */
  covers(address: string | null): boolean {
    if (this.#everybody) return true
    const family = address === null ? null : familyOf(address)
    return address !== null && family !== null && this.#networks.check(address, family)
  }
}

/** The one spelling of an address, without a zone, and IPv4 as IPv4; null if it is no address. */
export function canonical(text: string): string | null {
  const [address = ''] = text.split('%', 1)
  const family = familyOf(address)
  if (family !== 'ipv6') return family && address
  const spelled = new SocketAddress({ address, family }).address
  const inner = spelled.startsWith(MAPPED) ? spelled.slice(MAPPED.length) : ''
  return familyOf(inner) === 'ipv4' ? inner : spelled
}
