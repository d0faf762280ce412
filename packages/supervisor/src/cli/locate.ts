import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { SupervisorError, type ErrorCode } from '../errors.ts'

const OF_LOADING: readonly ErrorCode[] = ['SUPERVISOR_APP_NOT_LOADED', 'SUPERVISOR_CONFIG_NOT_LOADED']
/** Linking takes as long as reading the files. */
const PATIENCE_MS = 5000

/**
 * Adds the place to a syntax error in an ES module: Node keeps it from those who catch the error, and prints it only
 * when nobody does. So a short-lived process links the file and lets Node print. It runs nothing of it: modules
 * are linked before the first is evaluated, and that one exits.
 */
export async function locate(error: SupervisorError, file: string): Promise<SupervisorError> {
  if (!OF_LOADING.includes(error.code) || error.detail?.startsWith('SyntaxError') !== true) return error
  const place = placeIn(await link(file))
  if (place === null) return error
  return new SupervisorError(error.code, error.message, error.hint, place)
}

function link(file: string): Promise<string> {
  const source = `import 'data:text/javascript,process.exit()'; import ${JSON.stringify(pathToFileURL(file).href)}`
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
