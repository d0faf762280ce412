import { setTimeout as wait } from 'node:timers/promises'

/** How long a condition may take by default: far longer than it does on a machine that is merely busy. */
export const PATIENCE_MS: number = process.env['CI'] === undefined ? 15_000 : 30_000
const LOOK_EVERY_MS = 10

/** Waits until `look` returns something that is neither undefined, null nor false, and returns it. */
export async function until<T>(
  what: string,
  look: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== null && seen !== false) return seen
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs} ms in vain until ${what}`)
    await wait(LOOK_EVERY_MS)
  }
}

/** The promise's value, or an error that says what did not happen in time. */
export async function within<T>(what: string, promise: Promise<T>, patienceMs: number = PATIENCE_MS): Promise<T> {
  const controller = new AbortController()
  const late = wait(patienceMs, undefined, { signal: controller.signal }).then(
    () => {
      throw new Error(`waited ${patienceMs} ms in vain until ${what}`)
    },
    () => new Promise<never>(() => {}),
  )
  try {
    return await Promise.race([promise, late])
  } finally {
    controller.abort()
  }
}
