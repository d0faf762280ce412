import { relative } from 'node:path'
import { bootError } from '../boot-error.ts'
import type { BootFailure, ErrorSummary } from '../core/failure.ts'
import { messageOf, placeOf } from './error-place.ts'
import { cut, visible, withoutSecrets } from './safe-text.ts'
import { sourceFrame, type FrameLine } from './source-frame.ts'
import { readStack, type Place, type Stack } from './stack.ts'

/** A call on the stack as it is shown. */
export interface StackLine {
  readonly call: string
  /** `file:line:column` */
  readonly place: string
  readonly isOwn: boolean
}

/** A failure as a person is shown it, in a browser or a terminal: complete, cut, and safe to print. It can be JSON. */
export interface FailureView {
  /** What has not worked, such as "app.js could not be loaded". */
  readonly summary: string
  /** The error's name and code, such as "TypeError [ERR_INVALID_ARG_TYPE]". */
  readonly title: string
  readonly message: string
  /** The supervisor's code for this kind of failure. */
  readonly code: string
  readonly hint: string | null
  /** Relative to the app's folder, if it lies there. */
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly frame: readonly FrameLine[]
  /** Calls of the app first, then those of dependencies and of Node; in the order of the stack. */
  readonly stack: readonly StackLine[]
  /** What caused the error: the first line of each. */
  readonly causes: readonly string[]
  readonly generation: number
}

export interface ViewOptions {
  /** Which version of the app has failed. */
  readonly generation?: number
  /** What the app saw, so that no secret of it is shown. Default: the environment of this process. */
  readonly env?: Readonly<NodeJS.ProcessEnv>
}

const LONGEST_MESSAGE = 2000
const LONGEST_CAUSE = 300
const LONGEST_CALL = 120
const LONGEST_PLACE = 300
const MOST_CALLS = 40

type TextOf = (text: string, longest: number) => string

/**
 * Makes the view of what has failed: a boot, or an error that the app threw later. `app` is the file as the user named
 * it, `folder` the one that paths are shown relative to.
 */
export function viewOf(
  failure: BootFailure | ErrorSummary,
  app: string,
  folder: string,
  { generation = 0, env = process.env }: ViewOptions = {},
): FailureView {
  const boot = 'kind' in failure ? innermost(failure) : null
  const error = 'kind' in failure ? errorOf(innermost(failure)) : failure
  const stack: Stack = error === null ? { head: null, calls: [], causes: [] } : readStack(error)
  const place = error === null ? null : placeOf(error, stack)
  const { code, message, hint } = boot === null ? crash(failure as ErrorSummary) : bootError(boot, null, app)
  const frame = place === null ? [] : sourceFrame(place)
  const clean: TextOf = (text, longest) => cut(visible(withoutSecrets(withoutFolder(text, folder), env)), longest)
  return {
    summary: clean(boot === null ? `${app} crashed` : summaryOf(boot, app), LONGEST_CAUSE),
    title: clean(error === null ? plainTitle(boot) : titleOf(error), LONGEST_CALL),
    message: clean(error === null ? capital(message, app) : messageOf(error), LONGEST_MESSAGE),
    code,
    hint: hint === '' || isObvious(code, error, frame) ? null : clean(hint, LONGEST_CAUSE),
    file: place && clean(shortened(place.file, folder), LONGEST_PLACE),
    line: place?.line ?? null,
    column: place?.column ?? null,
    frame,
    stack: stackLines(stack, folder, clean),
    causes: stack.causes.map((cause) => clean(cause, LONGEST_CAUSE)),
    generation,
  }
}

/** A failure that was repeated until patience ended is shown as what it was the last time. */
function innermost(failure: BootFailure): BootFailure {
  return failure.kind === 'gave-up' && failure.last !== null ? innermost(failure.last) : failure
}

/** What the app threw; null where that is not what went wrong. */
function errorOf(failure: BootFailure): ErrorSummary | null {
  return 'error' in failure ? failure.error : null
}

function summaryOf(failure: BootFailure, app: string): string {
  switch (failure.kind) {
    case 'not-loaded':
      return `${app} could not be loaded`
    case 'preload':
      return `${failure.what} failed before ${app} was loaded`
    case 'rights':
      return `the worker could not become ${failure.account}`
    case 'threw':
      return `${app} threw while it started`
    case 'not-listening':
      return `${app} could not listen`
    case 'fork-failed':
      return `no process could be started for ${app}`
    case 'not-servable':
    case 'not-secured':
    case 'ended':
    case 'exited':
    case 'timed-out':
    case 'hung':
    case 'gave-up':
      return `${app} did not start`
  }
}

/** What stands in the place of an error's name where there was none. */
function plainTitle(failure: BootFailure | null): string {
  switch (failure?.kind) {
    case 'not-servable':
      return 'Nothing to serve'
    case 'not-secured':
      return 'Not secured'
    case 'ended':
      return 'Ended'
    case 'exited':
      return 'Exited'
    case 'timed-out':
    case 'gave-up':
      return 'Timed out'
    case 'hung':
      return 'Hung'
    default:
      return 'Not started'
  }
}

/** An error after the boot, or one of the supervisor's own, which brings its code along. */
function crash({ code = '', message }: ErrorSummary): {
  readonly code: string
  readonly message: string
  readonly hint: string
} {
  return { code: code.startsWith('SUPERVISOR_') ? code : 'SUPERVISOR_APP_THREW', message, hint: '' }
}

function titleOf({ name, code = '', message }: ErrorSummary): string {
  if (code === '' || name.includes(code) || message.startsWith(code)) return name
  return `${name} [${code}]`
}

/** Whether the place tells what to do better than words could. */
function isObvious(code: string, error: ErrorSummary | null, frame: readonly FrameLine[]): boolean {
  if (error === null || frame.length === 0) return false
  const isSyntax = error.code === undefined || error.code === 'ERR_INVALID_TYPESCRIPT_SYNTAX'
  return isSyntax || code === 'SUPERVISOR_APP_THREW'
}

/** Sentences begin with a capital, but the name of a file is left as it is. */
function capital(text: string, app: string): string {
  return text.startsWith(app) ? text : text.charAt(0).toUpperCase() + text.slice(1)
}

function stackLines({ calls }: Stack, folder: string, clean: TextOf): StackLine[] {
  const lines = calls.map(({ name, place, isOwn }) => ({
    call: clean(name, LONGEST_CALL),
    place: clean(spot(place, folder), LONGEST_PLACE),
    isOwn,
  }))
  const own = lines.filter(({ isOwn }) => isOwn)
  return [...own, ...lines.filter(({ isOwn }) => !isOwn)].slice(0, MOST_CALLS)
}

function spot({ file, line, column }: Place, folder: string): string {
  return `${shortened(file, folder)}:${line}:${column}`
}

function shortened(file: string, folder: string): string {
  if (!file.startsWith('/')) return file
  const path = relative(folder, file)
  return path.startsWith('..') ? file : path
}

/** Paths in a text are as short as those beside it. */
function withoutFolder(text: string, folder: string): string {
  return folder === '/' ? text : text.replaceAll(`file://${folder}/`, '').replaceAll(`${folder}/`, '')
}
