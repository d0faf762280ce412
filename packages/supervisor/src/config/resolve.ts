import * as v from 'valibot'
import { closest, distance } from 'fastest-levenshtein'
import { SupervisorError } from '../errors.ts'
import type { Config } from './config.ts'
import { OPTIONS, type Option, type OptionName } from './options.ts'

/** What was written on the command line: the text of each flag, in order. */
export type Flags = Readonly<Record<string, readonly string[]>>

/** Settles the configuration: defaults, then the environment, then flags; the later one wins. */
export function resolveConfig(
  app: string,
  flags: Flags,
  env: Readonly<NodeJS.ProcessEnv>,
  activatedFds: readonly number[],
): Config {
  refuseUnknown(flags)
  const read = <Name extends OptionName>(name: Name): Config[Name] => {
    const option = OPTIONS[name] as Option<unknown>
    const { texts, origin } = textsOf(option, flags, env, activatedFds)
    const values = texts.map((text) => readText(option, text, origin))
    return (option.isList ? values : values.at(-1)) as Config[Name]
  }
  return {
    app,
    workers: read('workers'),
    bind: read('bind'),
    accept: read('accept'),
    bootTimeoutMs: read('bootTimeoutMs'),
    gracefulTimeoutMs: read('gracefulTimeoutMs'),
    killTimeoutMs: read('killTimeoutMs'),
    logLevel: read('logLevel'),
    logFormat: read('logFormat'),
  }
}

interface Texts {
  readonly texts: readonly string[]
  /** How the place where the text was written is called. */
  readonly origin: string
}

function textsOf(
  option: Option<unknown>,
  flags: Flags,
  env: Readonly<NodeJS.ProcessEnv>,
  activatedFds: readonly number[],
): Texts {
  const given = flags[option.flag]
  if (given !== undefined) return { texts: given, origin: `--${option.flag}` }
  const fromEnv = option.env === undefined ? undefined : env[option.env]
  if (option.env !== undefined && fromEnv) return { texts: [fromEnv], origin: option.env }
  if (option === (OPTIONS.bind as Option<unknown>)) {
    if (activatedFds.length > 0) return { texts: activatedFds.map((fd) => `fd://${fd}`), origin: 'LISTEN_FDS' }
    if (env['PORT']) return { texts: [checkPort(env['PORT'])], origin: 'PORT' }
  }
  return { texts: [option.default], origin: `--${option.flag}` }
}

/** gunicorn's convention: PORT alone means all interfaces, since a container's port is to be reached from outside. */
function checkPort(port: string): string {
  if (/^\d+$/.test(port) && Number(port) <= 65_535) return `0.0.0.0:${port}`
  throw new SupervisorError(
    'SUPERVISOR_OPTION_INVALID',
    `PORT must be a whole number from 0 to 65535, not "${port}".`,
    'Set PORT to a port number, or unset it and use --bind.',
  )
}

function readText(option: Option<unknown>, text: string, origin: string): unknown {
  const parsed = v.safeParse(option.schema, text)
  if (parsed.success) return parsed.output
  const problem = parsed.issues[0].message
  throw new SupervisorError(
    'SUPERVISOR_OPTION_INVALID',
    text === '' ? `${origin} needs a value: ${problem}.` : `${origin} ${text}: ${problem}.`,
    `See supervisor --help. The default is ${option.default}.`,
  )
}

/** A name that is further off than this is no slip of the finger. */
const FARTHEST = 3

function refuseUnknown(flags: Flags): void {
  const known = Object.values(OPTIONS).map(({ flag }) => flag)
  for (const flag of Object.keys(flags)) {
    if (!known.includes(flag)) throw unknownOption(flag)
  }
}

/** The error for a flag that nobody knows; it names the one that was perhaps meant. */
export function unknownOption(flag: string): SupervisorError {
  const near = closest(
    flag,
    Object.values(OPTIONS).map((option) => option.flag),
  )
  const dashes = flag.length === 1 ? '-' : '--'
  return new SupervisorError(
    'SUPERVISOR_OPTION_UNKNOWN',
    `there is no option ${dashes}${flag}.`,
    distance(flag, near) <= FARTHEST ? `Did you mean --${near}?` : 'See supervisor --help for all of them.',
  )
}
