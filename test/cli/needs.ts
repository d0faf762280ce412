import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { it } from 'vitest'

/** Whether a file is there. */
export function has(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** A test that needs programs of the system: skipped by name where one is missing, but not where all tests must run. */
export function itNeeds(programs: readonly string[], promise: string, test: () => Promise<void>): void {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const missing = programs.filter((program) => !folders.some((folder) => has(join(folder, program))))
  if (missing.length === 0 || process.env['CI'] === 'true') it(promise, test)
  else it.skip(`${promise} (needs ${missing.join(', ')})`, test)
}
