import type { BootFailure, ErrorSummary } from './core/failure.ts'
import type { WorkerId } from './core/types.ts'
import { SupervisorError } from './errors.ts'

/** The error for a first generation that could not boot. `app` is the file as the user named it. */
export function bootError(failure: BootFailure, worker: WorkerId | null, app: string): SupervisorError {
  switch (failure.kind) {
    case 'not-loaded':
      return loadError(failure.error, app)
    case 'preload':
      return preloadError(failure.what, failure.error)
    case 'rights':
      return rightsError(failure.account, failure.error)
    case 'not-servable':
      return new SupervisorError(
        'SUPERVISOR_APP_NOT_SERVABLE',
        `${app} exports ${failure.found}, which can't be served.`,
        failure.hint,
      )
    case 'not-secured':
      return unsecuredError(failure.found, app)
    case 'threw':
      return threwError(failure.error, app)
    case 'not-listening':
      return addressError(failure.error)
    case 'ended':
      return failure.step === 'loading'
        ? unsettledError(app)
        : new SupervisorError(
            'SUPERVISOR_APP_ENDED',
            `${app} ran to its end without listening, and exports nothing that could be served.`,
            'Export a function (request, response), or have the file call listen(); --mode listen serves no export.',
          )
    case 'exited':
      return exitError(failure.code, failure.signal, worker, app)
    case 'timed-out':
      return timeoutError(failure, app)
    case 'hung':
      return hungError(failure.silentMs, worker)
    case 'gave-up':
      return gaveUpError(failure.afterMs, failure.last, app)
    case 'fork-failed':
      return forkError(failure.error, worker)
  }
}

function unsecuredError(found: string, app: string): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_APP_NOT_SECURED',
    `${app} ${found}, so that --tls-cert can't be applied.`,
    'Export the app and let the supervisor listen, or leave --tls-cert out.',
  )
}

function loadError(error: ErrorSummary, app: string): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_APP_NOT_LOADED',
    `${app} could not be loaded: ${sentence(error)}`,
    hintForLoading(error),
    error.stack,
  )
}

function threwError(error: ErrorSummary, app: string): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_APP_THREW',
    `${app} threw while it started: ${sentence(error)}`,
    'The stack shows where; the app has to start without an uncaught error.',
    error.stack,
  )
}

function forkError(error: ErrorSummary, worker: WorkerId | null): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_FORK_FAILED',
    `worker ${worker} could not be forked: ${sentence(error)}`,
    'The system is out of processes, memory or file descriptors: see ulimit -a, or use fewer workers.',
  )
}

function hungError(silentMs: number, worker: WorkerId | null): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_APP_NEVER_LISTENED',
    `worker ${worker} was ready, and then its event loop gave no sign of life for ${silentMs / 1000} s.`,
    'Look for code that blocks; --timeout sets how long it may.',
  )
}

function gaveUpError(afterMs: number, last: BootFailure | null, app: string): SupervisorError {
  const cause = last === null ? null : bootError(last, null, app)
  return new SupervisorError(
    'SUPERVISOR_GAVE_UP',
    `no worker has been ready for ${afterMs / 1000} s.${cause === null ? '' : ` The last failure: ${cause.message}`}`,
    cause?.hint ?? 'The log tells why each of them has ended.',
    cause?.detail,
  )
}

function unsettledError(app: string): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_APP_ENDED',
    `${app} never got past a top-level await, or one in its factory: nothing was left that could settle it.`,
    'Await something that settles, or listen before it.',
  )
}

/** The exit code of Node itself for an invalid option. */
const NODE_OPTION_REFUSED = 9

function exitError(code: number | null, signal: string | null, worker: WorkerId | null, app: string): SupervisorError {
  const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`
  return new SupervisorError(
    'SUPERVISOR_APP_EXITED',
    // Without a number it is the last of many, which may well have been ready.
    worker === null ? `a worker ${how}.` : `worker ${worker} ${how} before it was ready.`,
    signal === 'SIGKILL'
      ? 'If nobody sent that signal, the kernel ran out of memory: see dmesg.'
      : code === NODE_OPTION_REFUSED
        ? `Node ends like that for an option it does not take: see --node-args and NODE_OPTIONS, or process.exit in ${app}.`
        : `Look for process.exit in ${app}, and at what it printed before.`,
  )
}

function timeoutError(failure: Extract<BootFailure, { readonly kind: 'timed-out' }>, app: string): SupervisorError {
  const seconds = `${Math.round(failure.afterMs / 100) / 10} s`
  switch (failure.step) {
    case 'preloading':
      return new SupervisorError(
        'SUPERVISOR_APP_NEVER_LOADED',
        `${failure.detail} was not done after ${seconds}.`,
        'It runs before the app: look for what it waits for, or raise --boot-timeout.',
      )
    case 'loading':
      return new SupervisorError(
        'SUPERVISOR_APP_NEVER_LOADED',
        `${app} was still being loaded after ${seconds}.`,
        'Look for a loop or an await at the top level that takes too long, or raise --boot-timeout.',
      )
    case 'loaded':
      return new SupervisorError(
        'SUPERVISOR_APP_NEVER_LISTENED',
        `${app} was loaded, but listened on nothing within ${seconds}${failure.detail === null ? '' : `; it exports ${failure.detail}`}.`,
        'Export the app as default (or name it, app.js:name), have the file call listen(), use --ready signal for ' +
          'an app without a port, or raise --boot-timeout.',
      )
    case 'silent':
      return new SupervisorError(
        'SUPERVISOR_APP_NEVER_LISTENED',
        `${app} was loaded, but did not say that it is ready within ${seconds}, as --ready signal has it.`,
        "Call worker.ready(), or process.send('ready'), in the app, or raise --boot-timeout.",
      )
    case 'listening':
      return new SupervisorError(
        'SUPERVISOR_APP_NEVER_LISTENED',
        `${app} listens, but was not ready within ${seconds}: ${failure.detail ?? 'it did not begin to accept connections'}.`,
        'Look at what the path answers, for work that blocks the event loop right after listening, or raise --boot-timeout.',
      )
  }
}

function preloadError(what: string, error: ErrorSummary): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_PRELOAD_FAILED',
    `${what} failed: ${sentence(error)}`,
    'It runs before the app: mend it, or leave it out.',
    error.stack,
  )
}

function rightsError(account: string, error: ErrorSummary): SupervisorError {
  const code = 'SUPERVISOR_USER_REFUSED'
  if (error.code === 'EACCES') {
    const message = `a worker can't run as ${account}, who may not read what it has to: ${sentence(error)}`
    return new SupervisorError(code, message, 'Mend the rights of that file and of the folders above it: namei -l.')
  }
  const hint =
    error.code === 'ERR_INVALID_STATE'
      ? 'Unset UV_USE_IO_URING, or use Node 22 or later.'
      : 'Root needs the capabilities SETUID and SETGID for that, which a container may have taken away.'
  return new SupervisorError(code, `a worker could not become ${account}: ${sentence(error)}`, hint)
}

/** What is said of an address by the code of its refusal: what is wrong with it, and what to do. */
const ADDRESS_PROBLEMS: Readonly<Record<string, readonly [string, string]>> = {
  OWN_ADDRESS: [
    'is listened on by the app twice',
    'Leave one of the two out, a listen() call or a --bind, or handle its error.',
  ],
  EADDRINUSE: ['is in use by another process', 'End that process, or listen on another address.'],
  EACCES: [
    'may not be bound by this user',
    'Ports below 1024 and foreign folders need rights: choose another address, or have systemd open the socket.',
  ],
  EEXIST: ['is a file, and not a socket', 'Remove the file, or choose another path.'],
  EINVAL: ['is nothing that can be listened on', 'Check the address, or that the socket was passed on.'],
  ENOTSOCK: ['is nothing that can be listened on', 'Check the address, or that the socket was passed on.'],
  EBADF: ['is nothing that can be listened on', 'Check the address, or that the socket was passed on.'],
  ENOENT: ['is in a folder that is not there', 'Make the folder, or choose another path.'],
  ENOTDIR: ['is in a folder that is not there', 'Make the folder, or choose another path.'],
  ENOTFOUND: ['has no address', 'Check the name of the host, or bind to an IP address.'],
  EAI_AGAIN: ['has no address', 'Check the name of the host, or bind to an IP address.'],
  EADDRNOTAVAIL: ['is not an address of this machine', 'Use one of its own, 127.0.0.1, or 0.0.0.0 for all.'],
  ENAMETOOLONG: ['is too long for a Unix socket', 'The path may have 107 bytes on Linux: choose a shorter one.'],
}

function addressError({ code = '', message }: ErrorSummary): SupervisorError {
  // Node's and our own messages end with the address.
  const address = message.split(' ').at(-1)
  const [problem, hint] = ADDRESS_PROBLEMS[code] ?? [`could not be bound: ${message}`, 'Listen on another address.']
  return new SupervisorError('SUPERVISOR_ADDRESS_REFUSED', `${address} ${problem}.`, hint)
}

function hintForLoading({ name, code, message }: ErrorSummary): string {
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return 'Node only strips types: enums and parameter properties need tsx (npm install tsx).'
  }
  if (code === 'ERR_MODULE_NOT_FOUND' && /imported from .*\.[cm]?ts$/.test(message)) {
    return 'Node resolves imports to the letter: write the .ts ending, or install tsx, which finds ./dep.ts for ./dep.js.'
  }
  if (code === 'MODULE_NOT_FOUND' && /\nRequire stack:\n- .*\.[cm]?ts(\n|$)/.test(message)) {
    return 'Check the path and that the dependencies are installed; for a .ts file write its ending, or install tsx.'
  }
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
