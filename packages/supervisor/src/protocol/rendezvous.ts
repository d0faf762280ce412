/**
 * Which worker the connections of an address belong to, by rendezvous hashing: each worker draws a number for each
 * address, and the highest wins. So all who know the same workers agree without a word, and a worker that comes or goes
 * moves its own share of the addresses and nothing else.
 */
export function ownerOf(address: string, indexes: readonly number[]): number | null {
  const base = hash(address)
  let owner: number | null = null
  let highest = -1
  for (const index of indexes) {
    const draw = mix(base ^ mix(index + 1))
    if (draw > highest || (draw === highest && index < (owner ?? index))) {
      owner = index
      highest = draw
    }
  }
  return owner
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  return value >>> 0
}

/** The finalizer of MurmurHash3: numbers that lie close together come far apart. */
function mix(number: number): number {
  let value = number
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
