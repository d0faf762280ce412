import { canonical } from './trust.ts'

/** A client or a proxy, as a proxy names it. */
export interface Hop {
  readonly address: string
  readonly port: number | null
  /** How many entries of the list stand behind it. */
  readonly position: number
}

/** No chain of proxies is that long: who sends more of them has made them up, and is not to take our time. */
const MOST_HOPS = 100
/** What an entry takes at most that can be read: address, port, protocol and host. */
const LONGEST_ENTRY = 500
/** An address in brackets or without, and perhaps a port, which RFC 7239 lets be a name too. */
const NODE = /^(?:\[(?<inner>[^\]]+)\]|(?<plain>[^:]+))(?::(?<port>[\w.-]{1,20}))?$/

/**
 * Goes through a list of hops from the right, which is the near end, until it comes to one that is not trusted: that is
 * the client. If all are trusted it is the leftmost. An entry that is no address ends the walk: what stands left of it is
 * hearsay. Null if there is none at all.
 */
export function findClient(
  list: string,
  nodeIn: (entry: string) => string,
  isTrusted: (address: string) => boolean,
): Hop | null {
  let found: Hop | null = null
  let end = list.length
  for (let position = 0; position < MOST_HOPS && end >= 0; position++) {
    const comma = list.lastIndexOf(',', end - 1)
    const node = end - comma > LONGEST_ENTRY ? null : readNode(nodeIn(list.slice(comma + 1, end).trim()))
    if (node === null) break
    found = { ...node, position }
    if (!isTrusted(node.address)) break
    end = comma
  }
  return found
}

/** The entry of a list that has so many behind it; the leftmost, if there are fewer. */
export function entryAt(list: string, position: number): string {
  let end = list.length
  for (let behind = 0; behind < position; behind++) {
    const comma = list.lastIndexOf(',', end - 1)
    if (comma <= 0) break
    end = comma
  }
  return list.slice(list.lastIndexOf(',', end - 1) + 1, end).trim()
}

function readNode(text: string): Omit<Hop, 'position'> | null {
  const whole = canonical(text)
  if (whole !== null) return { address: whole, port: null }
  const { inner, plain = '', port = '' } = NODE.exec(text)?.groups ?? {}
  const address = canonical(inner ?? plain)
  return address === null ? null : { address, port: readPort(port) }
}

function readPort(text: string): number | null {
  const port = Number(text)
  return /^\d+$/.test(text) && port > 0 && port <= 65_535 ? port : null
}
