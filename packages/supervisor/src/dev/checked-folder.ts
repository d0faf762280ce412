import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { parse } from 'node:path'
import { SupervisorError } from '../errors.ts'

/** The real path of a folder that is to be watched. Throws a SupervisorError if it can't be. */
export function checkedFolder(dir: string): string {
  try {
    const real = realpathSync(dir)
    if (!statSync(real).isDirectory()) throw invalid(`${dir} can't be watched: it is a file.`)
    if (real === parse(real).root) {
      throw invalid(
        `${dir} can't be watched: it is the whole file system.`,
        'Name the folders of the app with --reload-dir.',
      )
    }
    accessSync(real, constants.R_OK | constants.X_OK)
    return real
  } catch (error) {
    if (error instanceof SupervisorError) throw error
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (code !== 'EACCES') throw invalid(`the folder ${dir} can't be watched: it is not there (${code}).`)
    throw invalid(
      `the folder ${dir} can't be watched: it may not be read.`,
      'Give the user who runs the supervisor the right to read it.',
    )
  }
}

function invalid(message: string, hint = 'Name a folder that is there with --reload-dir.'): SupervisorError {
  return new SupervisorError('SUPERVISOR_RELOAD_DIR', message, hint)
}
