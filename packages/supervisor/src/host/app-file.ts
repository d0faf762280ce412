import { existsSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs'
import { dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { TsMode } from '../config/config.ts'
import { SupervisorError, type ErrorCode } from '../errors.ts'

/** Finds the app's file. Its real path is what counts, as for the folder. */
export function findApp(app: string | null, folder: string): { readonly path: string; readonly name: string | null } {
  if (app === null) {
    throw new SupervisorError('SUPERVISOR_APP_MISSING', 'no app was named.', 'Name its file: supervisor app.js')
  }
  const whole = statOf(resolve(folder, app), 'SUPERVISOR_APP_NOT_FOUND')
  const match = whole === undefined ? /^(?<file>.+):(?<name>[\w$]+)$/.exec(app) : null
  const file = match?.groups?.['file'] ?? app
  const path = resolve(folder, file)
  const found = statOf(path, 'SUPERVISOR_APP_NOT_FOUND')
  if (found === undefined) {
    throw new SupervisorError('SUPERVISOR_APP_NOT_FOUND', `there is no file ${file}.`, `Looked in ${folder}.`)
  }
  if (!found.isFile()) {
    const kind = found.isDirectory() ? 'a directory' : 'not a file'
    throw new SupervisorError('SUPERVISOR_APP_NOT_FOUND', `${file} is ${kind}.`, "Name the app's main file.")
  }
  return { path: realpathSync(path), name: match?.groups?.['name'] ?? null }
}

/** What is at a path; nothing if nothing is. Who may not look is told so, by an error with this code. */
export function statOf(path: string, code: ErrorCode): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    const hint = 'Mend the rights of the folders above it (namei -l), or start the supervisor as somebody who may look.'
    throw new SupervisorError(code, `${path} can't be looked at: ${(error as Error).message}.`, hint)
  }
}

/** Where an app's main file usually is, if package.json does not say so. */
const USUAL_NAMES: readonly string[] = ['app', 'server', 'index'].flatMap((name) =>
  ['ts', 'js', 'mjs'].map((kind) => `${name}.${kind}`),
)

/** The app's file for somebody who names none: `main` of package.json, or the first that has a usual name. */
export function guessApp(folder: string): string {
  const candidates = [mainOf(folder) ?? [], USUAL_NAMES].flat()
  const found = candidates.find((name) => statOf(join(folder, name), 'SUPERVISOR_APP_MISSING')?.isFile())
  if (found !== undefined) return found
  throw new SupervisorError(
    'SUPERVISOR_APP_MISSING',
    `no app was named, and ${folder} has neither a main in package.json that is a file, nor app, server or index ` +
      'with .ts, .js or .mjs.',
    'Name its file: supervisor --reload app.js',
  )
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

/** What has to stand in front of a TypeScript app: nothing, options for Node, or tsx as a module to import. */
export type TypeScriptSupport =
  | { readonly kind: 'none' }
  | { readonly kind: 'strip'; readonly nodeArgs: readonly string[] }
  | { readonly kind: 'tsx'; readonly module: string }

const EXTENSIONS: readonly string[] = ['.ts', '.mts', '.cts', '.tsx']

/** Chooses how an app is run that may be TypeScript: tsx if the app has it, else Node's own stripping. */
export function typeScriptFor(app: string, mode: TsMode): TypeScriptSupport {
  const isTypeScript = EXTENSIONS.includes(extname(app))
  if (!isTypeScript && mode === 'auto') return { kind: 'none' }
  const tsx = mode === 'strip' ? null : findTsx(app)
  if (tsx !== null) return { kind: 'tsx', module: tsx }
  if (mode === 'tsx') {
    throw unsupported(`${app} is to be run by tsx, which its package does not have.`, 'Install it: npm install tsx')
  }
  const nodeArgs = stripArgs()
  if (nodeArgs !== null && extname(app) !== '.tsx') return { kind: 'strip', nodeArgs }
  if (nodeArgs !== null)
    throw unsupported(
      `${app} has JSX, which Node ${process.versions.node} does not run by itself.`,
      'Install tsx: npm install tsx',
    )
  throw unsupported(
    isTypeScript
      ? `${app} is TypeScript, which Node ${process.versions.node} does not run by itself.`
      : `types are to be stripped, which Node ${process.versions.node} can not do.`,
    'Install tsx next to the app (npm install tsx), or use Node 22.18 or later.',
  )
}

/** The entry of tsx for `--import`, resolved as the app itself would. */
function findTsx(app: string): string | null {
  // Only where the app's own imports are looked up: Node's resolution also goes by NODE_PATH, which package managers
  // set for their own ends.
  for (let folder = dirname(app); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules/tsx/package.json'))) {
      const { createRequire } = process.getBuiltinModule('node:module')
      return pathToFileURL(createRequire(join(folder, 'noop.js')).resolve('tsx')).href
    }
    if (folder === dirname(folder)) return null
  }
}

/** The options with which this Node strips types; null if it can't. */
function stripArgs(): readonly string[] | null {
  if ((process.features as { readonly typescript?: unknown }).typescript) return []
  return process.allowedNodeEnvironmentFlags.has('--experimental-strip-types') ? ['--experimental-strip-types'] : null
}

function unsupported(message: string, hint: string): SupervisorError {
  return new SupervisorError('SUPERVISOR_TYPESCRIPT', message, hint)
}
