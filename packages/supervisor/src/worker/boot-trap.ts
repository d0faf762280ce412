import { inspect } from 'node:util'
import type { ErrorSummary } from '../core/types.ts'
import type { OwnFailure } from '../protocol/messages.ts'

/** More of a stack than anyone reads. */
const LONGEST_STACK = 8192

/** What Node says when a file of the app, or of a dependency, can't be had. */
const LOAD_ERRORS: readonly string[] = [
  'MODULE_NOT_FOUND',
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNKNOWN_MODULE_FORMAT',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
  'ERR_PACKAGE_IMPORT_NOT_DEFINED',
  'ERR_INVALID_PACKAGE_CONFIG',
  'ERR_INVALID_MODULE_SPECIFIER',
  'ERR_UNSUPPORTED_ESM_URL_SCHEME',
  'ERR_REQUIRE_ESM',
  'ERR_REQUIRE_ASYNC_MODULE',
  'ERR_AMBIGUOUS_MODULE_SYNTAX',
  'ERR_IMPORT_ATTRIBUTE_MISSING',
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_DLOPEN_FAILED',
]

/** An error of the app in the form in which it travels. Anything can be thrown, not only errors. */
export function summarize(thrown: unknown): ErrorSummary {
  const stack = inspect(thrown).slice(0, LONGEST_STACK)
  if (!(thrown instanceof Error)) return { name: 'Error', message: `threw ${stack}`, stack }
  const { code } = thrown as { readonly code?: unknown }
  return { name: thrown.name, message: thrown.message, code: typeof code === 'string' ? code : undefined, stack }
}

/** Whether the app's code is at fault for what it did, or could not even be loaded. */
export function failureOf(thrown: unknown, isLoaded: boolean): OwnFailure {
  const error = summarize(thrown)
  const { syscall } = (thrown ?? {}) as { readonly syscall?: unknown }
  if (syscall === 'listen' || syscall === 'bind') return { kind: 'not-listening', error }
  return { kind: !isLoaded && isLoadError(error) ? 'not-loaded' : 'threw', error }
}

/** A syntax error of a source file comes from Node's loader; one of `JSON.parse` is the app's own. */
function isLoadError({ name, code, stack }: ErrorSummary): boolean {
  if (code !== undefined && LOAD_ERRORS.includes(code)) return true
  const firstFrame = stack?.split('\n').find((line) => line.trimStart().startsWith('at '))
  return name === 'SyntaxError' && (firstFrame === undefined || firstFrame.includes('node:internal/'))
}

/**
 * Catches what would end the process while it boots, so that the cause is told once by the supervisor instead of by
 * every worker. An app that handles uncaught errors itself goes on doing so. Returns the function that ends the trap.
 */
export function trapErrors(onError: (thrown: unknown) => void): () => void {
  const trap = (thrown: unknown): void => {
    if (process.listenerCount('uncaughtException') === 1) onError(thrown)
  }
  process.on('uncaughtException', trap)
  return () => process.off('uncaughtException', trap)
}
