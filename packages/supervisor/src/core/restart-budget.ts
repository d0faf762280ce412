import type { Slot } from './types.ts'

/** The first failure in a row is answered at once; the second waits this long, and each further one twice as long. */
const FIRST_DELAY_MS = 100
/** No delay is longer than this. */
export const LONGEST_DELAY_MS = 30_000
/** A worker that has been ready for this long ends the row of failures. */
const FORGIVEN_AFTER_MS = 60_000
/** Delays vary by this share in both directions, so that workers that fell together don't come back together. */
const JITTER = 0.2

/** One step of the generator (mulberry32): a number in [0, 1) and the next seed. */
export function draw(seed: number): { readonly value: number; readonly seed: number } {
  const next = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(next ^ (next >>> 15), 1 | next)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return { value: ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296, seed: next }
}

/** The delay after `failures` failures in a row, before jitter. */
export function backoff(failures: number): number {
  if (failures <= 1) return 0
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 2))
}

/** What a slot does after its worker has failed: when the next fork is due, and how often it has failed by now. */
export function afterFailure(
  slot: Slot,
  readyForMs: number,
  now: number,
  seed: number,
): { readonly slot: Slot; readonly delayMs: number; readonly seed: number } {
  const failures = readyForMs >= FORGIVEN_AFTER_MS ? 1 : slot.failures + 1
  const drawn = draw(seed)
  const spread = 1 - JITTER + 2 * JITTER * drawn.value
  const delayMs = Math.min(LONGEST_DELAY_MS, Math.round(backoff(failures) * spread))
  return { slot: { ...slot, failures, forkAt: now + delayMs, forkReason: 'crashed' }, delayMs, seed: drawn.seed }
}
