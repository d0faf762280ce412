import type { ErrorSummary } from '../core/failure.ts'
import type { OwnFailure } from '../protocol/messages.ts'

/** More of a stack than anyone reads. */
const LONGEST_STACK = 8192
const LONGEST_MESSAGE = 1024

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
  'ERR_IMPORT_ASSERTION_TYPE_MISSING',
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_DLOPEN_FAILED',
]

/** An error of the app in the form in which it travels. Anything can be thrown, not only errors. */
export function summarize(thrown: unknown): ErrorSummary {
  const stack = show(thrown)
  const message = textOf(thrown, 'message')
  const name = textOf(thrown, 'name') ?? 'Error'
  if (message === undefined) return { name: 'Error', message: `threw ${stack}`.slice(0, LONGEST_MESSAGE), stack }
  return { name, message: message.slice(0, LONGEST_MESSAGE), code: codeOf(thrown), stack }
}

/** Node's codes are texts; some libraries use numbers, which mean nothing here. */
function codeOf(thrown: unknown): string | undefined {
  const code = propertyOf(thrown, 'code')
  return typeof code === 'string' ? code : undefined
}

/** A value as Node would print it; what is thrown may have traps of its own. */
function show(thrown: unknown): string {
  try {
    return process.getBuiltinModule('node:util').inspect(thrown).slice(0, LONGEST_STACK)
  } catch {
    return 'something that can not even be printed'
  }
}

function textOf(thrown: unknown, name: string): string | undefined {
  const value = propertyOf(thrown, name)
  return value === undefined || typeof value === 'string' ? value : show(value)
}

function propertyOf(thrown: unknown, name: string): unknown {
  try {
    return (thrown as Readonly<Record<string, unknown>> | null | undefined)?.[name]
  } catch {
    return undefined
  }
}

/** Whether the app's code is at fault for what it did, or could not even be loaded. */
export function failureOf(thrown: unknown, isLoaded: boolean): OwnFailure {
  const error = summarize(thrown)
  const syscall = textOf(thrown, 'syscall')
  if (syscall === 'listen' || syscall === 'bind' || (syscall === 'getaddrinfo' && isLoaded))
    return { kind: 'not-listening', error }
  return { kind: !isLoaded && isLoadError(error) ? 'not-loaded' : 'threw', error }
}

/** A syntax error of a source file comes from Node's loader; one of `JSON.parse` is the app's own. */
function isLoadError({ name, code, stack }: ErrorSummary): boolean {
  if (code !== undefined && LOAD_ERRORS.includes(code)) return true
  // esbuild's, by way of tsx.
  if (name === 'TransformError') return true
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
