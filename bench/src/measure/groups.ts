/** What has to be done however the bench ends. Nothing that a bench has started outlives it. */
const lastActs = new Set<() => void>()
process.once('exit', () => lastActs.forEach((act) => act()))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** Has `act` done when the bench ends. What it returns takes that back. */
export function atTheEnd(act: () => void): () => void {
  lastActs.add(act)
  return () => lastActs.delete(act)
}

/** Ends a process group that the bench has started. */
export function endGroup(pid: number): void {
  // 0 and 1 mean other processes than those of a group with that number.
  if (!Number.isInteger(pid) || pid <= 1) throw new Error(`${pid} is no process group of a bench`)
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
