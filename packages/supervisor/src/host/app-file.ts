import { readFileSync, realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { SupervisorError } from '../errors.ts'

/** Finds the app's file. Its real path is what counts, as for the folder. */
export function findApp(app: string | null, folder: string): { readonly path: string; readonly name: string | null } {
  if (app === null) {
    throw new SupervisorError('SUPERVISOR_APP_MISSING', 'no app was named.', 'Name its file: supervisor app.js')
  }
  const whole = statSync(resolve(folder, app), { throwIfNoEntry: false })
  const match = whole === undefined ? /^(?<file>.+):(?<name>[\w$]+)$/.exec(app) : null
  const file = match?.groups?.['file'] ?? app
  const path = resolve(folder, file)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) {
    throw new SupervisorError('SUPERVISOR_APP_NOT_FOUND', `there is no file ${file}.`, `Looked in ${folder}.`)
  }
  if (!found.isFile()) {
    const kind = found.isDirectory() ? 'a directory' : 'not a file'
    throw new SupervisorError('SUPERVISOR_APP_NOT_FOUND', `${file} is ${kind}.`, "Name the app's main file.")
  }
  return { path: realpathSync(path), name: match?.groups?.['name'] ?? null }
}

/** Where an app's main file usually is, if package.json does not say so. */
const USUAL_NAMES: readonly string[] = ['app', 'server', 'index'].flatMap((name) =>
  ['ts', 'js', 'mjs'].map((kind) => `${name}.${kind}`),
)

/** The app's file for somebody who names none: `main` of package.json, or the first that has a usual name. */
export function guessApp(folder: string): string | null {
  const candidates = [mainOf(folder) ?? [], USUAL_NAMES].flat()
  return candidates.find((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile()) ?? null
}

function mainOf(folder: string): string | null {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const { main } = manifest as { readonly main?: unknown }
    return typeof main === 'string' ? main : null
  } catch {
    return null
  }
}
