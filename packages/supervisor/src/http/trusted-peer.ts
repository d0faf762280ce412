import { isIP } from 'node:net'

/** One entry of `--forwarded-allow-ips`. */
export type TrustedPeer =
  | { readonly kind: 'everybody' | 'nobody' | 'unix' }
  | { readonly kind: 'network'; readonly address: string; readonly bits: number; readonly family: Family }

/** The family of an address, as `node:net` names it. */
export type Family = 'ipv4' | 'ipv6'

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

/** The family of an address; null if it is none. */
export function familyOf(address: string): Family | null {
  const version = isIP(address)
  return version === 0 ? null : version === 4 ? 'ipv4' : 'ipv6'
}
