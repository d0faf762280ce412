import type { Verdict } from '../core/verdict.ts'
import type { Inspected } from './inspector.ts'

/** Finds out what blocks a worker's event loop. What looks into it is loaded when there is one. Never rejects. */
export async function inspect(pid: number, about: Inspected): Promise<Verdict> {
  try {
    const { inspectBlocked } = await import('./inspector.ts')
    return await inspectBlocked(pid, about)
  } catch (error) {
    // The package may be replaced on the disk at this moment, or no descriptor be left.
    return { kind: 'unavailable', why: (error as Error).message }
  }
}
