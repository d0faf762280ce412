/** gunicorn's exit code for a worker that can't boot (`Arbiter.WORKER_BOOT_ERROR`). */
const EXIT_NOT_BOOTED = 3
/** gunicorn's exit code for an app that can't be loaded (`Arbiter.APP_LOAD_ERROR`). */
const EXIT_NOT_LOADED = 4
/** The convention for a command that was called wrongly. */
const EXIT_USAGE = 2
/** A stop that did not wait for its requests. */
export const EXIT_FORCED = 1

/** The codes of all errors. They are never reused. */
export type ErrorCode =
  | 'SUPERVISOR_APP_MISSING'
  | 'SUPERVISOR_OPTION_UNKNOWN'
  | 'SUPERVISOR_OPTION_INVALID'
  | 'SUPERVISOR_PLATFORM_UNSUPPORTED'
  | 'SUPERVISOR_APP_NOT_FOUND'
  | 'SUPERVISOR_APP_NOT_LOADED'
  | 'SUPERVISOR_APP_NOT_SERVABLE'
  | 'SUPERVISOR_APP_NOT_SECURED'
  | 'SUPERVISOR_APP_THREW'
  | 'SUPERVISOR_APP_ENDED'
  | 'SUPERVISOR_APP_EXITED'
  | 'SUPERVISOR_APP_NEVER_LISTENED'
  | 'SUPERVISOR_APP_NEVER_LOADED'
  | 'SUPERVISOR_ADDRESS_REFUSED'
  | 'SUPERVISOR_FORK_FAILED'
  | 'SUPERVISOR_PRELOAD_FAILED'
  | 'SUPERVISOR_CONFIG_NOT_LOADED'
  | 'SUPERVISOR_ENV_FILE'
  | 'SUPERVISOR_LOG_FILE'
  | 'SUPERVISOR_RELOAD_DIR'
  | 'SUPERVISOR_TLS'
  | 'SUPERVISOR_TYPESCRIPT'
  | 'SUPERVISOR_STOPPED'
  | 'SUPERVISOR_NOT_RUNNING'
  | 'SUPERVISOR_RELOAD_FAILED'
  | 'SUPERVISOR_GAVE_UP'

/** The exit code of the command that ends with an error. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  SUPERVISOR_APP_MISSING: EXIT_USAGE,
  SUPERVISOR_OPTION_UNKNOWN: EXIT_USAGE,
  SUPERVISOR_OPTION_INVALID: EXIT_USAGE,
  SUPERVISOR_PLATFORM_UNSUPPORTED: EXIT_USAGE,
  SUPERVISOR_APP_NOT_FOUND: EXIT_NOT_LOADED,
  SUPERVISOR_APP_NOT_LOADED: EXIT_NOT_LOADED,
  SUPERVISOR_APP_NOT_SERVABLE: EXIT_NOT_LOADED,
  SUPERVISOR_APP_NOT_SECURED: EXIT_NOT_LOADED,
  SUPERVISOR_APP_THREW: EXIT_NOT_BOOTED,
  SUPERVISOR_APP_ENDED: EXIT_NOT_BOOTED,
  SUPERVISOR_APP_EXITED: EXIT_NOT_BOOTED,
  SUPERVISOR_APP_NEVER_LISTENED: EXIT_NOT_BOOTED,
  SUPERVISOR_APP_NEVER_LOADED: EXIT_NOT_BOOTED,
  SUPERVISOR_ADDRESS_REFUSED: EXIT_NOT_BOOTED,
  SUPERVISOR_FORK_FAILED: EXIT_NOT_BOOTED,
  SUPERVISOR_PRELOAD_FAILED: EXIT_NOT_LOADED,
  SUPERVISOR_CONFIG_NOT_LOADED: EXIT_USAGE,
  SUPERVISOR_ENV_FILE: EXIT_USAGE,
  SUPERVISOR_LOG_FILE: EXIT_USAGE,
  SUPERVISOR_RELOAD_DIR: EXIT_USAGE,
  SUPERVISOR_TLS: EXIT_USAGE,
  SUPERVISOR_TYPESCRIPT: EXIT_NOT_LOADED,
  SUPERVISOR_STOPPED: EXIT_FORCED,
  SUPERVISOR_NOT_RUNNING: EXIT_USAGE,
  SUPERVISOR_RELOAD_FAILED: EXIT_FORCED,
  SUPERVISOR_GAVE_UP: EXIT_NOT_BOOTED,
}

/** An error whose message is a sentence with the cause, and whose `hint` says what to do next. */
export class SupervisorError extends Error {
  override readonly name: string = 'SupervisorError'
  readonly code: ErrorCode
  /** What to do next. */
  readonly hint: string
  /** What the app itself said: a stack, a source frame. */
  readonly detail: string | undefined

  constructor(code: ErrorCode, message: string, hint: string, detail?: string) {
    super(message)
    this.code = code
    this.hint = hint
    this.detail = detail
  }

  /** The exit code of a command that ends with this error. */
  get exitCode(): number {
    return EXIT_CODES[this.code]
  }
}
