import { createRequire } from 'node:module'
import * as v from 'valibot'
import type * as Levenshtein from 'fastest-levenshtein'
import { SupervisorError } from '../errors.ts'
import type { HookName, Hooks } from './hooks.ts'
import { OPTION_NAMES, OPTIONS, variableOf, type Option, type OptionName } from './options.ts'

/** What was written on the command line: the text of each flag, in order. */
export type Flags = Readonly<Record<string, readonly string[]>>

/** What a config file exports. */
export interface FileContents {
  /** The file as the user would name it. */
  readonly name: string
  readonly values: Readonly<Record<string, unknown>>
}

/** The places where options are set. A flag counts more than the environment, and that more than the file. */
export interface Sources {
  readonly flags: Flags
  readonly env: Readonly<NodeJS.ProcessEnv>
  /** What env files say of the variables that other tools know too. The environment wins. */
  readonly envFiles?: Readonly<NodeJS.ProcessEnv>
  readonly file: FileContents | null
  /** Descriptors of sockets that systemd has passed on. */
  readonly activatedFds: readonly number[]
}

/** A value, and where it was set: `--workers`, `SUPERVISOR_WORKERS`, `supervisor.config.js` or `default`. */
export interface Setting {
  readonly value: unknown
  readonly origin: string
}

/** The value of one option, from the first place that sets it. */
export function settle(name: OptionName, sources: Sources): Setting {
  const { flags, env, file } = sources
  const option = OPTIONS[name] as Option<unknown>
  const given = flags[option.flag]
  if (given !== undefined) return fromTexts(option, given, `--${option.flag}`)
  const own = env[variableOf(option)]
  if (own) return fromVariable(option, own, variableOf(option))
  const conventional = name === 'bind' ? conventionalBind(sources) : fromConvention(option, sources)
  if (conventional !== null) return conventional
  if (file !== null && file.values[name] !== undefined) return fromFile(name, file)
  if (option.default !== null) return fromTexts(option, [option.default], 'default')
  return { value: option.isList ? [] : null, origin: 'default' }
}

function fromConvention(option: Option<unknown>, sources: Sources): Setting | null {
  if (option.convention === undefined) return null
  const { text, origin } = variable(option.convention, sources)
  return text ? fromVariable(option, text, origin) : null
}

function fromVariable(option: Option<unknown>, text: string, origin: string): Setting {
  const texts = option.isList ? text.split(option.between?.variable ?? ' ').filter(Boolean) : [text]
  return fromTexts(option, texts, origin)
}

/** A variable of the environment, or of an env file where the environment does not have it at all. */
function variable(name: string, { env, envFiles }: Sources): { readonly text: string | undefined; origin: string } {
  if (env[name] !== undefined || envFiles?.[name] === undefined) return { text: env[name], origin: name }
  return { text: envFiles[name], origin: `${name} (env file)` }
}

function fromTexts(option: Option<unknown>, given: readonly string[], origin: string): Setting {
  const between = option.between?.flag
  const texts = between === undefined ? given : given.flatMap((text) => text.split(between))
  const values = texts.map((text) => readText(option, text, origin))
  return { value: option.isList ? values : values.at(-1), origin }
}

function readText(option: Option<unknown>, text: string, origin: string): unknown {
  const where = text === '' ? `${origin} needs a value` : `${origin} ${text}`
  const read = option.kind.readText(text)
  if (!read.ok) throw invalid(where, read.problem, option)
  return read.value
}

function fromFile(name: OptionName, { name: origin, values }: FileContents): Setting {
  const option = OPTIONS[name] as Option<unknown>
  const value = values[name]
  if (!option.isList) return { value: check(option, value, `${origin}: ${name}`), origin }
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (items.length === 0 && option.default !== null) {
    throw invalid(`${origin}: ${name}`, 'must name at least one, or be left out', option)
  }
  return { value: items.map((item) => check(option, item, `${origin}: ${name}`)), origin }
}

function check(option: Option<unknown>, value: unknown, where: string): unknown {
  const parsed = v.safeParse(option.kind.schema(), value)
  if (parsed.success) return parsed.output
  throw invalid(where, parsed.issues[0].message, option)
}

function invalid(where: string, problem: string, option: Option<unknown>): SupervisorError {
  // It is written as a flag is: in seconds, where a file has milliseconds.
  const unit = option.kind.placeholder === 'seconds' ? ' s' : ''
  const standard = option.default === null ? '' : ` The default is ${option.default}${unit}.`
  return new SupervisorError('SUPERVISOR_OPTION_INVALID', `${where}: ${problem}.`, `See supervisor --help.${standard}`)
}

/** gunicorn's convention: PORT alone means all interfaces, since a container's port is to be reached from outside. */
function conventionalBind(sources: Sources): Setting | null {
  const { activatedFds } = sources
  if (activatedFds.length > 0) {
    const texts = activatedFds.map((fd) => `fd://${fd}`)
    return fromTexts(OPTIONS.bind, texts, 'LISTEN_FDS')
  }
  const { text: port, origin } = variable('PORT', sources)
  if (!port) return null
  if (/^\d+$/.test(port) && Number(port) <= 65_535) return fromTexts(OPTIONS.bind, [`0.0.0.0:${port}`], origin)
  throw new SupervisorError(
    'SUPERVISOR_OPTION_INVALID',
    `${origin} must be a whole number from 0 to 65535, not "${port}".`,
    'Set PORT to a port number, or unset it and use --bind.',
  )
}

/** A name that is further off than this is no slip of the finger. */
const FARTHEST = 3
/** Flags that are no options. */
const OWN_FLAGS: readonly string[] = ['config', 'check-config', 'print-config', 'help', 'version']
/** Keys of a config file that are no options. */
const OTHER_KEYS: readonly string[] = ['app', 'args', 'hooks', '$schema']
/** Variables of ours that are no options. */
const OTHER_VARIABLES: readonly string[] = ['SUPERVISOR_WORKER_INDEX', 'SUPERVISOR_WORKER_GENERATION']
/** What Kubernetes sets where there is a service called supervisor. */
const OF_KUBERNETES = /^SUPERVISOR_(PORT|SERVICE)(_|$)/

/** Refuses names that nobody knows, and says which one was perhaps meant. */
export function refuseUnknown({ flags, env, file }: Sources): void {
  const known = OPTION_NAMES.map((name) => OPTIONS[name].flag)
  for (const flag of Object.keys(flags)) {
    if (!known.includes(flag)) throw unknownOption(flag)
  }
  for (const key of Object.keys(file?.values ?? {})) {
    const keys = [...OPTION_NAMES, ...OTHER_KEYS]
    if (!keys.includes(key)) throw unknown(`key "${key}" in ${file?.name}`, key, keys, '')
  }
  const variables = [...OPTION_NAMES.map((name) => variableOf(OPTIONS[name])), ...OTHER_VARIABLES]
  for (const name of Object.keys(env)) {
    // Others may set variables of such names too: slips only.
    if (!name.startsWith('SUPERVISOR_') || variables.includes(name) || OF_KUBERNETES.test(name)) continue
    if (nearestOf(name, variables).distance < FARTHEST) throw unknown(`variable ${name}`, name, variables, '')
  }
}

/** The error for a flag that nobody knows; it names the one that was perhaps meant. */
export function unknownOption(flag: string): SupervisorError {
  if (process.allowedNodeEnvironmentFlags.has(`--${flag}`)) {
    const hint = `It is one of Node's: give it to the workers, by --node-args=--${flag}`
    return new SupervisorError('SUPERVISOR_OPTION_UNKNOWN', `there is no option --${flag}.`, hint)
  }
  const known = OPTION_NAMES.map((name) => OPTIONS[name].flag)
  return unknown(`option ${flag.length === 1 ? '-' : '--'}${flag}`, flag, [...known, ...OWN_FLAGS], '--')
}

function unknown(what: string, name: string, known: readonly string[], prefix: string): SupervisorError {
  const near = nearestOf(name, known)
  return new SupervisorError(
    'SUPERVISOR_OPTION_UNKNOWN',
    `there is no ${what}.`,
    near.distance <= FARTHEST ? `Did you mean ${prefix}${near.text}?` : 'See supervisor --help for all of them.',
  )
}

/** The text that is most alike, and by how many letters it differs. */
function nearestOf(name: string, known: readonly string[]): { readonly text: string; readonly distance: number } {
  // Only who slips needs the package, and at once: the library's constructor can't wait for an import.
  const { closest, distance } = createRequire(import.meta.url)('fastest-levenshtein') as typeof Levenshtein
  const text = closest(name, known)
  return { text, distance: distance(name, text) }
}

export const HOOK_NAMES: readonly HookName[] = [
  'onStarting',
  'whenReady',
  'preFork',
  'postFork',
  'workerReady',
  'workerExit',
  'onReload',
  'onExit',
]

/** The hooks of a config file, or of the library's options. */
export function readHooks(hooks: unknown, where: string): Hooks {
  if (hooks === undefined) return {}
  if (typeof hooks !== 'object' || hooks === null || Array.isArray(hooks)) {
    throw wrongHook(`${where}: hooks must be an object of functions.`)
  }
  for (const [name, hook] of Object.entries(hooks)) {
    if (!(HOOK_NAMES as readonly string[]).includes(name))
      throw unknown(`hook "${name}" in ${where}`, name, HOOK_NAMES, '')
    if (typeof hook !== 'function')
      throw wrongHook(`${where}: the hook ${name} must be a function, not ${typeof hook}.`)
  }
  return hooks
}

function wrongHook(message: string): SupervisorError {
  return new SupervisorError('SUPERVISOR_OPTION_INVALID', message, `The hooks are ${HOOK_NAMES.join(', ')}.`)
}
