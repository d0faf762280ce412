import { setTimeout as wait } from 'node:timers/promises'

const LOOK_EVERY_MS = 5
/** Longer than anything takes on a machine that is merely busy. */
const PATIENCE_MS = 40_000

/** Waits until `isSo`; `what` says what was waited for in vain. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  patienceMs: number = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`In ${patienceMs / 1000} s it did not come to this: ${what}.`)
    await wait(LOOK_EVERY_MS)
  }
}
