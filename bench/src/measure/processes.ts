import { readdirSync, readFileSync } from 'node:fs'

/** The processes that a process has started and that still run, as Linux tells. */
export function childrenOf(pid: number): number[] {
  const lists = readdirSync(`/proc/${pid}/task`).map((thread) => read(`/proc/${pid}/task/${thread}/children`))
  return lists.join(' ').split(' ').filter(Boolean).map(Number).filter(isRunning)
}

/** Whether it still is more than an entry that its parent has to clear away. */
function isRunning(pid: number): boolean {
  const state = /^State:\s+(?<state>\S)/m.exec(read(`/proc/${pid}/status`))?.groups?.['state']
  return state !== undefined && state !== 'Z' && state !== 'X'
}

/** What does not exist is empty: processes and threads end at any moment. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** A process and all that it has started, and what these have. */
export function treeOf(pid: number): number[] {
  try {
    return [pid, ...childrenOf(pid).flatMap(treeOf)]
  } catch {
    // It has ended.
    return []
  }
}

/** Whether a process calls itself a spare: it waits to become a worker. */
export function isSpare(pid: number): boolean {
  return /\bspare\b/.test(read(`/proc/${pid}/cmdline`))
}
