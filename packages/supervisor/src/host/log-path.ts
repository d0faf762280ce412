import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SupervisorError } from '../errors.ts'

/** What a log is called where it can't be written. */
type LogName = 'log file' | 'access log file'

/** Refuses a path that lines could not be added to, and makes no file. */
export function checkLogPath(path: string, what: LogName = 'log file'): void {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory() === true) throw Object.assign(new Error(), { code: 'EISDIR' })
    if (found === undefined) statSync(dirname(path))
    accessSync(found === undefined ? dirname(path) : path, constants.W_OK)
  } catch (error) {
    throw logFileRefusal(path, error as NodeJS.ErrnoException, what)
  }
}

/** What is said of a path by the code of its refusal: what is wrong with it, and what to do. */
const PROBLEMS: Readonly<Record<string, readonly [string, string]>> = {
  EISDIR: ['is a directory', 'Name a file in it.'],
  EACCES: ['may not be written by this user', 'Mend the rights of the file and its folder, or choose another path.'],
  EPERM: ['may not be written by this user', 'Mend the rights of the file and its folder, or choose another path.'],
  EROFS: ['is on a file system that is read-only', 'Choose another path.'],
  ENXIO: ['is a pipe that nobody reads', 'Start its reader first, or choose another path.'],
  ENOSPC: ['can not grow: the disk is full', 'Make room: lines are kept, up to 4 MB, and written with the next one.'],
  EDQUOT: [
    'can not grow: the quota is used up',
    'Make room: lines are kept, up to 4 MB, and written with the next one.',
  ],
}

/** Says why a log can't be written. */
export function logFileRefusal(
  path: string,
  { code = '', message }: NodeJS.ErrnoException,
  what: LogName = 'log file',
): SupervisorError {
  const [problem, hint] =
    code === 'ENOENT' || code === 'ENOTDIR'
      ? [`can't be made: there is no folder ${dirname(path)}`, 'Make the folder, or choose another path.']
      : (PROBLEMS[code] ?? [`can't be written: ${message}`, 'Choose another path.'])
  return new SupervisorError('SUPERVISOR_LOG_FILE', `the ${what} ${path} ${problem}.`, hint)
}
