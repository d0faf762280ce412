import type { IncomingHttpHeaders } from 'node:http'
import { entryAt, findClient } from './hops.ts'
import { peerOf, type Peer, type Peers, type RequestLike } from './peers.ts'

/** Who has sent a request, as far as it is known, and what for. */
export interface Client {
  /** The address; null if it came over a Unix socket, from somebody who does not say for whom. */
  readonly address: string | null
  /** The port, if it is known. */
  readonly port: number | null
  /** What the client speaks, perhaps with a proxy. */
  readonly protocol: 'http' | 'https'
  /** The host that the client asked, with its port if it named one; null if it named none, or what can't be one. */
  readonly host: string | null
}

/** What a proxy says of the client; null where it says nothing of use. */
interface Claim {
  readonly address: string | null
  readonly port: number | null
  readonly protocol: string | null
  readonly host: string | null
}

const HOST = /^[\w.:[\]-]{1,300}$/
const PROTOCOLS: ReadonlyMap<string, Client['protocol']> = new Map([
  ['http', 'http'],
  ['https', 'https'],
  ['ws', 'http'],
  ['wss', 'https'],
])
/** `name=value` or `name="value"`, as between the semicolons of `Forwarded`. */
const PAIR = /^(?<name>\w+)=(?:"(?<quoted>[^"\\]*)"|(?<token>[^\s"\\]*))$/

/** Who has sent a request that the app has. Without peers, which a supervisor knows, nobody is trusted. */
export function clientOfRequest(request: RequestLike, peers: Peers | null): Client {
  if (peers === null) return clientOf(peerOf(request.socket), request.headers, () => false)
  return clientOf(peers.ofRequest(request), request.headers, peers.isTrusted)
}

/** Who has sent a request with these headers over the connection of this peer. */
export function clientOf(peer: Peer, headers: IncomingHttpHeaders, isTrusted: (address: string) => boolean): Client {
  const own: Client = {
    address: peer.address,
    port: peer.port,
    protocol: peer.isEncrypted ? 'https' : 'http',
    host: hostIn(textOf(headers[':authority']) ?? headers.host),
  }
  const claim = peer.isTrusted ? claimOf(headers, isTrusted) : null
  if (claim === null) return own
  return {
    ...(claim.address === null
      ? { address: own.address, port: own.port }
      : { address: claim.address, port: claim.port }),
    protocol: PROTOCOLS.get(claim.protocol?.toLowerCase() ?? '') ?? own.protocol,
    host: hostIn(claim.host ?? undefined) ?? own.host,
  }
}

/**
 * Proxies write the one kind or the other, and pass on what they do not know: `X-Forwarded-*` is what nearly all of them
 * write, so a `Forwarded` beside it may be anybody's.
 */
function claimOf(headers: IncomingHttpHeaders, isTrusted: (address: string) => boolean): Claim | null {
  const list = textOf(headers['x-forwarded-for'])
  const protocol = textOf(headers['x-forwarded-proto'])
  const host = textOf(headers['x-forwarded-host'])
  if (list !== undefined || protocol !== undefined || host !== undefined) {
    const hop = findClient(list ?? '', (entry) => entry, isTrusted)
    // What has an entry for each hop is looked up at the client's; what has but one is meant for all.
    const at = (entries: string | undefined): string | null => entryAt(entries ?? '', hop?.position ?? 0)
    return { address: hop?.address ?? null, port: hop?.port ?? null, protocol: at(protocol), host: at(host) }
  }
  const forwarded = textOf(headers.forwarded)
  if (forwarded === undefined) return null
  const hop = findClient(forwarded, (entry) => pairsIn(entry).get('for') ?? '', isTrusted)
  const pairs = pairsIn(entryAt(forwarded, hop?.position ?? 0))
  return {
    address: hop?.address ?? null,
    port: hop?.port ?? null,
    protocol: pairs.get('proto') ?? null,
    host: pairs.get('host') ?? null,
  }
}

/** The pairs of an entry of `Forwarded`. Entries are told apart by commas alone: no value that counts has one in it. */
function pairsIn(entry: string): Map<string, string> {
  const pairs = entry.split(';', 20).map((pair) => PAIR.exec(pair.trim())?.groups ?? {})
  return new Map(pairs.map(({ name = '', quoted, token = '' }) => [name.toLowerCase(), quoted ?? token]))
}

function hostIn(text: string | undefined): string | null {
  return text !== undefined && HOST.test(text) ? text : null
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value
}
