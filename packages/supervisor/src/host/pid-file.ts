import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { SupervisorError } from '../errors.ts'
import { holderOf, isAlive, readIfThere, takeLock } from './lock-file.ts'

/** Nothing but a number: other files are named by mistake. */
const PID_FILE = /^\s*(?<pid>\d{0,10})\s*$/

/**
 * Writes the id of this process to a file, until it exits or the returned function is called. Throws a
 * {@link SupervisorError} where a process that lives has the file, or it can't be written.
 *
 * The file has the number alone, as all who read such files expect. A lock beside it also says when the process started:
 * that tells a supervisor which lives from another process that has got the number of one that was killed.
 */
export function takePidFile(named: string): () => void {
  const path = resolve(named)
  const lock = join(dirname(path), `.${basename(path)}.lock`)
  const text = `${process.pid}\n`
  let isTaken = false
  const release = (): void => {
    if (!isTaken) return
    isTaken = false
    process.off('exit', release)
    if (readIfThere(path) === text) rmSync(path, { force: true })
    if (holderOf(lock) === process.pid) rmSync(lock, { force: true })
  }
  try {
    const before = readPid(path)
    // Whose lock can be taken has ended, whoever has its number now.
    const ended = holderOf(lock)
    const errno = takeLock(lock)
    if (errno === 'EADDRINUSE')
      throw inUse(path, `supervisor ${holderOf(lock)}`, 'Stop it first, or choose another path.')
    if (errno !== null) throw Object.assign(new Error(errno), { code: errno })
    isTaken = true
    if (before !== ended) refuseForeign(path, before)
    write(path, text)
  } catch (error) {
    release()
    throw error instanceof SupervisorError ? error : refusal(path, error as NodeJS.ErrnoException)
  }
  process.once('exit', release)
  return release
}

/** A file without a lock was not written by a supervisor, or only by one whose lock somebody has removed. */
function refuseForeign(path: string, pid: number | null): void {
  if (pid === null || pid === process.pid || !isAlive(pid)) return
  const who = `process ${pid} (${readIfThere(`/proc/${pid}/comm`).trim()})`
  const hint = 'Choose another path. If that process has only got the number of a former one, remove the file.'
  throw inUse(path, who, hint)
}

/** What a file names; null for one that is empty, or not there. Whatever else it may be is not to be replaced. */
function readPid(path: string): number | null {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return null
  const pid =
    found.isFile() && found.size < 100 ? PID_FILE.exec(readFileSync(path, 'utf8'))?.groups?.['pid'] : undefined
  if (pid !== undefined) return pid === '' ? null : Number(pid)
  throw new SupervisorError(
    'SUPERVISOR_PID_FILE',
    `the pid file ${path} is there already, and is none: it is ${found.isFile() ? 'a file with something else in it' : 'no plain file'}.`,
    'Choose another path, or remove it.',
  )
}

/** In one go: who reads it finds the whole number, or what was there before. */
function write(path: string, text: string): void {
  const next = `${path}.${process.pid}`
  try {
    rmSync(next, { force: true })
    writeFileSync(next, text, { mode: 0o644, flag: 'wx' })
    renameSync(next, path)
  } catch (error) {
    rmSync(next, { force: true })
    throw error
  }
}

function inUse(path: string, who: string, hint: string): SupervisorError {
  return new SupervisorError('SUPERVISOR_PID_FILE_IN_USE', `the pid file ${path} is that of ${who}, which runs.`, hint)
}

/** What is said of a path by the code of its refusal: what is wrong with it, and what to do. */
const PROBLEMS: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['can not be made: its folder is not there', 'Make the folder, or choose another path.'],
  ENOTDIR: ['can not be made: its folder is a file', 'Choose another path.'],
  EACCES: ['may not be written by this user', 'Mend the rights of its folder, or choose another path.'],
  EPERM: ['may not be written by this user', 'Mend the rights of its folder, or choose another path.'],
  EROFS: ['is on a file system that is read-only', 'Choose another path.'],
  ENOSPC: ['can not be written: the disk is full', 'Make room, or choose another path.'],
  EDQUOT: ['can not be written: the quota is used up', 'Make room, or choose another path.'],
}

function refusal(path: string, { code = '', message }: NodeJS.ErrnoException): SupervisorError {
  const [problem, hint] = PROBLEMS[code] ?? [`can not be written: ${message}`, 'Choose another path.']
  return new SupervisorError('SUPERVISOR_PID_FILE', `the pid file ${path} ${problem}.`, hint)
}
