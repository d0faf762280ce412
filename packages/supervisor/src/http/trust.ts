const { BlockList, isIPv4, SocketAddress } = process.getBuiltinModule('node:net')

/** One entry of `--forwarded-allow-ips`. */
export type TrustedPeer =
  | { readonly kind: 'everybody' | 'nobody' | 'unix' }
  | { readonly kind: 'network'; readonly address: string; readonly bits: number; readonly family: Family }

/** The family of an address, as `node:net` names it. */
type Family = 'ipv4' | 'ipv6'

const LONGEST_PREFIX: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 }

/** Reads an entry; null if it is none. What an address is, Node says; bits behind a prefix do not count. */
export function readTrustedPeer(text: string): TrustedPeer | null {
  if (text === '*') return { kind: 'everybody' }
  if (text === 'none') return { kind: 'nobody' }
  if (text === 'unix') return { kind: 'unix' }
  const [address = '', bits, ...rest] = text.split('/')
  const family = familyOf(address)
  // The zone of an address (`%eth0`) is this machine's own name for a network: a peer's address is compared without it.
  if (family === null || address.includes('%') || rest.length > 0) return null
  const longest = LONGEST_PREFIX[family]
  if (bits === undefined) return { kind: 'network', address, bits: longest, family }
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > longest) return null
  return { kind: 'network', address, bits: Number(bits), family }
}

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
  if (isIPv4(address)) return address
  const spelled = spellingOf(address)
  const inner = spelled?.startsWith(MAPPED) ? spelled.slice(MAPPED.length) : ''
  return isIPv4(inner) ? inner : spelled
}

/** IPv4 as a socket that takes both families shows it. */
const MAPPED = '::ffff:'

/** The family of an address; null if it is none. */
function familyOf(address: string): Family | null {
  if (isIPv4(address)) return 'ipv4'
  return spellingOf(address) === null ? null : 'ipv6'
}

/** What IPv6 has in it: anything else Node would overlook behind a zero. */
const IPV6 = /^[\da-f:.]{2,45}$/i

/** The one spelling of an IPv6 address; null if it is none. `isIPv6` would tell as well, after 5 ms for its first answer. */
function spellingOf(address: string): string | null {
  if (!IPV6.test(address)) return null
  try {
    return new SocketAddress({ address, family: 'ipv6' }).address
  } catch {
    return null
  }
}
