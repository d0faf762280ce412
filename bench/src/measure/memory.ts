import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

const READ_EVERY_MS = 250
const READS = 3
/** Reads that differ by no more than this share count as the same. */
const TOLERANCE = 0.01
const PATIENCE_MS = 20_000

/** The memory of a process in MB (10^6 bytes), once it has stopped to change. */
export async function settledMemory(pid: number): Promise<number> {
  const deadline = performance.now() + PATIENCE_MS
  for (let reads: number[] = []; ; await wait(READ_EVERY_MS)) {
    reads = [...reads, residentMb(pid)].slice(-READS)
    if (reads.length === READS && Math.max(...reads) <= Math.min(...reads) * (1 + TOLERANCE)) return reads.at(-1) ?? 0
    if (performance.now() > deadline)
      throw new Error(`the memory of process ${pid} does not settle: ${reads.join(', ')}`)
  }
}

/** The memory of a process in MB (10^6 bytes) at this moment. */
export function residentMb(pid: number): number {
  const kib = /^VmRSS:\s+(?<kib>\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.groups?.['kib']
  if (kib === undefined) throw new Error(`process ${pid} has ended`)
  return (Number(kib) * 1024) / 1e6
}
