import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import type { BootFailure, ErrorSummary } from '../core/failure.ts'

/** Linking takes as long as reading the files. */
const PATIENCE_MS = 5000
/** What was changed last is looked at, if the app's own imports don't lead to the error; but not a whole branch. */
const MOST_FILES = 8
const MODULE = /\.(?:[cm]?[jt]s)$/

/**
 * The place of a syntax error in an ES module that `file` imports, as Node prints it: file, line and source. Node keeps
 * it from those who catch the error, and prints it only when nobody does. So a short-lived process links the file and
 * lets Node print. It runs nothing of it: modules are linked before the first is evaluated, and that one exits.
 */
export async function syntaxPlace(file: string): Promise<string | null> {
  const match = /^(?:file:\/\/)?(?<place>\/.*:\d+\n[^]*?\n)\s*at /m.exec(await link(file))
  return match?.groups?.['place'] ?? null
}

function link(file: string): Promise<string> {
  const source = `import 'data:text/javascript,process.exit()'; import ${JSON.stringify(pathToFileURL(file).href)}`
  return new Promise((resolve) => {
    const args = ['--input-type=module', '--eval', source]
    execFile(process.execPath, args, { timeout: PATIENCE_MS }, (_error, _stdout, stderr) => resolve(stderr))
  })
}

/**
 * The failure with the place of a syntax error on top of its stack. `changed` are the files that were changed last: one
 * of them it is if the app imports it dynamically, which can't be followed.
 */
export async function located(
  failure: BootFailure,
  app: string,
  changed: readonly string[] = [],
): Promise<BootFailure> {
  if (!isWithoutPlace(failure)) return failure
  for (const file of [app, ...changed.filter((path) => MODULE.test(path)).slice(0, MOST_FILES)]) {
    const place = await syntaxPlace(file)
    // Another error than the app's would be no help.
    if (place?.includes(failure.error.message) !== true) continue
    return { ...failure, error: { ...failure.error, stack: place } }
  }
  return failure
}

function isWithoutPlace(failure: BootFailure): failure is Extract<BootFailure, { readonly error: ErrorSummary }> {
  if (failure.kind !== 'not-loaded' && failure.kind !== 'threw') return false
  return failure.error.name === 'SyntaxError' && failure.error.stack?.startsWith('SyntaxError') === true
}
