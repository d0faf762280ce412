import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { SupervisorError } from '../errors.ts'

/** Linking takes as long as reading the app's files. */
const PATIENCE_MS = 5000

/**
 * Adds the place to a syntax error in an ES module: Node keeps it from those who catch the error, and prints it only
 * when nobody does. So a short-lived process links the app and lets Node print. It runs nothing of the app: modules
 * are linked before the first is evaluated, and that one exits.
 */
export async function locate(error: SupervisorError, app: string): Promise<SupervisorError> {
  if (error.code !== 'SUPERVISOR_APP_NOT_LOADED' || error.detail?.startsWith('SyntaxError') !== true) return error
  const place = placeIn(await link(app))
  if (place === null) return error
  return new SupervisorError(error.code, error.message, error.hint, place)
}

function link(app: string): Promise<string> {
  const source = `import 'data:text/javascript,process.exit()'; import ${JSON.stringify(pathToFileURL(app).href)}`
  return new Promise((resolve) => {
    const args = ['--input-type=module', '--eval', source]
    execFile(process.execPath, args, { timeout: PATIENCE_MS }, (_error, _stdout, stderr) => resolve(stderr))
  })
}

/** The file, line and source that Node prints above the error. */
function placeIn(printed: string): string | null {
  const match = /^(?:file:\/\/)?(?<place>\/.*:\d+\n[^]*?\n)\s*at /m.exec(printed)
  return match?.groups?.['place'] ?? null
}
