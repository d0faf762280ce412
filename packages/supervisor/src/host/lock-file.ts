import { existsSync, linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'

/**
 * Takes a lock: a file with the id of this process, and when that started. One that a killed process has left behind is
 * replaced. Returns the errno's name if it can't be had, `EADDRINUSE` if a process that lives has it.
 */
export function takeLock(lock: string): string | null {
  const own = `${lock}.${process.pid}`
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      rmSync(own, { force: true })
      // Written first and linked then: a lock that is there but still empty would be taken for a stale one.
      writeFileSync(own, `${process.pid} ${startTimeOf(process.pid)}\n`, { mode: 0o644, flag: 'wx' })
      linkSync(own, lock)
      return null
    } catch (error) {
      const { code = 'EACCES' } = error as NodeJS.ErrnoException
      if (code !== 'EEXIST') return code
      if (isHeld(lock)) return 'EADDRINUSE'
      const refusal = removeStale(lock, `${own}.stale`)
      if (refusal !== null) return refusal
    } finally {
      if (existsSync(own)) unlinkSync(own)
    }
  }
  return 'EADDRINUSE'
}

/**
 * Removes a lock that nobody holds. Another start may have done so since it was looked at, and have its own there now:
 * so it is moved aside and looked at again, and goes back if somebody holds it. Returns the errno's name if it stays.
 */
function removeStale(lock: string, aside: string): string | null {
  try {
    renameSync(lock, aside)
    if (!isHeld(aside)) return null
    linkSync(aside, lock)
    return 'EADDRINUSE'
  } catch (error) {
    const { code = 'EACCES' } = error as NodeJS.ErrnoException
    // Somebody else has removed it.
    if (code === 'ENOENT') return null
    return code === 'EEXIST' ? 'EADDRINUSE' : code
  } finally {
    rmSync(aside, { force: true })
  }
}

/** The id of the process that has written a lock, whether or not it lives; null without one. */
export function holderOf(lock: string): number | null {
  const [pid = ''] = readIfThere(lock).split(' ')
  return /^\d+$/.test(pid) ? Number(pid) : null
}

/** Whether the process that wrote the lock lives. Its start time tells it from a later one with the same number. */
function isHeld(lock: string): boolean {
  const [pid = '', started = ''] = readIfThere(lock).trim().split(' ')
  if (!/^\d+$/.test(pid)) return false
  return startTimeOf(Number(pid)) === started && isAlive(Number(pid))
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process started, in clock ticks since boot: field 22 of proc(5)'s stat, counted after the name. */
function startTimeOf(pid: number): string {
  const stat = readIfThere(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-'
}

export function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
