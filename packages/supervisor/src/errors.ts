import type { BootFailure, BootStep, ErrorSummary, WorkerId } from './core/types.ts'

/** gunicorn's exit code for a worker that can't boot (`Arbiter.WORKER_BOOT_ERROR`). */
export const EXIT_NOT_BOOTED = 3
/** gunicorn's exit code for an app that can't be loaded (`Arbiter.APP_LOAD_ERROR`). */
export const EXIT_NOT_LOADED = 4
/** The convention for a command that was called wrongly. */
export const EXIT_USAGE = 2
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
  | 'SUPERVISOR_APP_THREW'
  | 'SUPERVISOR_APP_ENDED'
  | 'SUPERVISOR_APP_EXITED'
  | 'SUPERVISOR_APP_NEVER_LISTENED'
  | 'SUPERVISOR_APP_NEVER_LOADED'
  | 'SUPERVISOR_ADDRESS_REFUSED'
  | 'SUPERVISOR_FORK_FAILED'

/** The exit code of the command that ends with an error. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  SUPERVISOR_APP_MISSING: EXIT_USAGE,
  SUPERVISOR_OPTION_UNKNOWN: EXIT_USAGE,
  SUPERVISOR_OPTION_INVALID: EXIT_USAGE,
  SUPERVISOR_PLATFORM_UNSUPPORTED: EXIT_USAGE,
  SUPERVISOR_APP_NOT_FOUND: EXIT_NOT_LOADED,
  SUPERVISOR_APP_NOT_LOADED: EXIT_NOT_LOADED,
  SUPERVISOR_APP_NOT_SERVABLE: EXIT_NOT_LOADED,
  SUPERVISOR_APP_THREW: EXIT_NOT_BOOTED,
  SUPERVISOR_APP_ENDED: EXIT_NOT_BOOTED,
  SUPERVISOR_APP_EXITED: EXIT_NOT_BOOTED,
  SUPERVISOR_APP_NEVER_LISTENED: EXIT_NOT_BOOTED,
  SUPERVISOR_APP_NEVER_LOADED: EXIT_NOT_BOOTED,
  SUPERVISOR_ADDRESS_REFUSED: EXIT_NOT_BOOTED,
  SUPERVISOR_FORK_FAILED: EXIT_NOT_BOOTED,
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

/** The error for a first generation that could not boot. `app` is the file as the user named it. */
export function bootError(failure: BootFailure, worker: WorkerId, app: string): SupervisorError {
  switch (failure.kind) {
    case 'not-loaded':
      return loadError(failure.error, app)
    case 'not-servable':
      return new SupervisorError(
        'SUPERVISOR_APP_NOT_SERVABLE',
        `${app} exports ${failure.found}, which can't be served.`,
        'Export a function (request, response), or have the file call listen() itself.',
      )
    case 'threw':
      return new SupervisorError(
        'SUPERVISOR_APP_THREW',
        `${app} threw while it started: ${sentence(failure.error)}`,
        'The stack shows where; the app has to start without an uncaught error.',
        failure.error.stack,
      )
    case 'not-listening':
      return addressError(failure.error)
    case 'ended':
      return failure.step === 'loading'
        ? unsettledError(app)
        : new SupervisorError(
            'SUPERVISOR_APP_ENDED',
            `${app} ran to its end without listening, and exports nothing that could be served.`,
            'Export a function (request, response), or have the file call listen().',
          )
    case 'exited':
      return exitError(failure.code, failure.signal, worker, app)
    case 'timed-out':
      return timeoutError(failure.step, failure.afterMs, app)
    case 'fork-failed':
      return forkError(failure.error, worker)
  }
}

function loadError(error: ErrorSummary, app: string): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_APP_NOT_LOADED',
    `${app} could not be loaded: ${sentence(error)}`,
    hintForLoading(error),
    error.stack,
  )
}

function forkError(error: ErrorSummary, worker: WorkerId): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_FORK_FAILED',
    `worker ${worker} could not be forked: ${sentence(error)}`,
    'The system is out of processes, memory or file descriptors: see ulimit -a, or use fewer workers.',
  )
}

function unsettledError(app: string): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_APP_ENDED',
    `${app} never got past a top-level await: nothing was left that could settle it.`,
    'Await something that settles, or listen before it.',
  )
}

function exitError(code: number | null, signal: string | null, worker: WorkerId, app: string): SupervisorError {
  const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`
  return new SupervisorError(
    'SUPERVISOR_APP_EXITED',
    `worker ${worker} ${how} before it was ready.`,
    signal === 'SIGKILL'
      ? 'If nobody sent that signal, the kernel ran out of memory: see dmesg.'
      : `Look for process.exit in ${app}, and at what it printed before.`,
  )
}

function timeoutError(step: BootStep, afterMs: number, app: string): SupervisorError {
  const seconds = `${Math.round(afterMs / 100) / 10} s`
  if (step === 'loading') {
    return new SupervisorError(
      'SUPERVISOR_APP_NEVER_LOADED',
      `${app} was still being loaded after ${seconds}.`,
      'Look for a loop or an await at the top level that takes too long, or raise --boot-timeout.',
    )
  }
  if (step === 'listening') {
    return new SupervisorError(
      'SUPERVISOR_APP_NEVER_LISTENED',
      `${app} listens, but did not begin to accept connections within ${seconds}.`,
      'Something blocks its event loop right after it has listened: look for long work there.',
    )
  }
  return new SupervisorError(
    'SUPERVISOR_APP_NEVER_LISTENED',
    `${app} was loaded, but listened on nothing within ${seconds}.`,
    'Export a function (request, response), have the file call listen(), or raise --boot-timeout.',
  )
}

function addressError({ code, message }: ErrorSummary): SupervisorError {
  // Node's and our own messages end with the address.
  const address = message.split(' ').at(-1)
  const build = (text: string, hint: string): SupervisorError =>
    new SupervisorError('SUPERVISOR_ADDRESS_REFUSED', text, hint)
  switch (code) {
    case 'EADDRINUSE':
      return build(`${address} is in use by another process.`, 'End that process, or listen on another address.')
    case 'EACCES':
      return build(
        `${address} may not be bound by this user.`,
        'Ports below 1024 and foreign folders need rights: choose another address, or have systemd open the socket.',
      )
    case 'EEXIST':
      return build(`${address} is a file, and not a socket.`, 'Remove the file, or choose another path.')
    case 'EINVAL':
    case 'ENOTSOCK':
    case 'EBADF':
      return build(
        `${address} is nothing that can be listened on.`,
        'Check the address, or that the socket was passed on.',
      )
    case 'EADDRNOTAVAIL':
      return build(
        `${address} is not an address of this machine.`,
        'Use one of its own, 127.0.0.1, or 0.0.0.0 for all.',
      )
    case 'ENAMETOOLONG':
      return build(
        `${address} is too long for a Unix socket.`,
        'The path may have 107 bytes on Linux: choose a shorter one.',
      )
    default:
      return build(`The address could not be bound: ${message}.`, 'Listen on another address.')
  }
}

function hintForLoading({ name, code, message }: ErrorSummary): string {
  // Node calls an import of something that is not exported a syntax error.
  if (name === 'SyntaxError' && !/ export named |^Named export /.test(message))
    return 'Mend the syntax and start again.'
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
    return 'Check the path in the import, and that the dependencies are installed.'
  }
  return 'Mend the import that the message names.'
}

function sentence({ name, message }: ErrorSummary): string {
  const text = `${name}: ${message.split('\n')[0]}`
  return /[.!?]$/.test(text) ? text : `${text}.`
}
