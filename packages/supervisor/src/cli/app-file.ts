import { realpathSync, statSync } from 'node:fs'
import { SupervisorError } from '../errors.ts'

/**
 * Finds the app's file. Returns its real path: a release behind a symlink stays the same one for as long as its
 * generation lives.
 */
export function findApp(app: string | undefined, surplus: readonly string[]): string {
  if (app === undefined) {
    throw new SupervisorError('SUPERVISOR_APP_MISSING', 'no app was named.', 'Name its file: supervisor app.js')
  }
  if (surplus.length > 0) {
    throw new SupervisorError(
      'SUPERVISOR_APP_MISSING',
      `one app can be run, and two were named: ${app} and ${surplus[0]}.`,
      'Name one file.',
    )
  }
  const found = statSync(app, { throwIfNoEntry: false })
  if (found === undefined) {
    throw new SupervisorError('SUPERVISOR_APP_NOT_FOUND', `there is no file ${app}.`, `Looked in ${process.cwd()}.`)
  }
  if (!found.isFile()) {
    const kind = found.isDirectory() ? 'a directory' : 'not a file'
    throw new SupervisorError('SUPERVISOR_APP_NOT_FOUND', `${app} is ${kind}.`, "Name the app's main file.")
  }
  return realpathSync(app)
}
