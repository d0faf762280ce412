import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { treeOf } from './processes.ts'

const LOOK_EVERY_MS = 50
/** So long nothing may want the processor; all tools, prefork too, wait for less before they go on by themselves. */
const QUIET_MS = 500
const PATIENCE_MS = 60_000
/** What polling and heartbeats take: ticks of 10 ms in one quiet time. */
const MOST_TICKS = 2

/** Waits until a tool and its processes have come to rest, however long they take for it. */
export async function untilIdle(pid: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  let quietSince = performance.now()
  let before = usageOf(pid).ticks
  while (performance.now() - quietSince < QUIET_MS && performance.now() < deadline) {
    await wait(LOOK_EVERY_MS)
    const { ticks, isRunning } = usageOf(pid)
    // One that has ended takes its ticks along.
    if (ticks >= before && ticks - before <= MOST_TICKS && !isRunning) continue
    before = ticks
    quietSince = performance.now()
  }
}

interface Usage {
  readonly ticks: number
  /** Whether a thread runs, or would if it got the processor. */
  readonly isRunning: boolean
}

function usageOf(root: number): Usage {
  const stats = treeOf(root).flatMap(threadsOf)
  const fields = stats.map((stat) => stat.slice(stat.lastIndexOf(')') + 2).split(' '))
  return {
    ticks: fields.reduce((sum, field) => sum + Number(field[11]) + Number(field[12]), 0),
    isRunning: fields.some(([state]) => state === 'R' || state === 'D'),
  }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((task) => readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8'))
  } catch {
    return []
  }
}
