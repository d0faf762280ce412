import parse from 'yargs-parser'
import { OPTIONS, type Option } from '../config/options.ts'
import { unknownOption, type Flags } from '../config/sources.ts'
import { SupervisorError } from '../errors.ts'

/** What is to be done with the configuration: run the app, only check that it could be, or show what was settled. */
export type Task = 'run' | 'check' | 'print'

/** What the command line asks for. */
export type Request =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: Task
      readonly app: string | null
      readonly args: readonly string[]
      readonly flags: Flags
      readonly configFile: string | null
    }

/** Flags that are no options of the configuration. */
const OWN_FLAGS = ['help', 'version', 'config', 'check-config', 'print-config'] as const

/** Reads the command line. Only its form: what the values mean, and which there are, the configuration knows. */
export async function readArguments(args: readonly string[], version: () => string): Promise<Request> {
  const end = args.indexOf('--')
  const own = (end === -1 ? args : args.slice(0, end)).map(negated)
  const rest = end === -1 ? [] : args.slice(end + 1)
  refuseInherited(own)
  const parsed = read(own)
  if (parsed['help'] === true) {
    const { renderHelp } = await import('./help.ts')
    return { kind: 'text', text: await renderHelp() }
  }
  if (parsed['version'] === true) return { kind: 'text', text: version() }
  const configFile = lastOf(parsed['config'])
  if (configFile === '') throw noConfigNamed()
  const [app = null, ...surplus] = parsed._.map(String)
  if (surplus.length > 0) throw surplusError(String(app), surplus)
  if (parsed['print-config'] === true && parsed['check-config'] === true) throw twoTasks()
  const kind: Task = parsed['print-config'] === true ? 'print' : parsed['check-config'] === true ? 'check' : 'run'
  return {
    kind,
    app,
    args: rest,
    flags: { ...flagsOf(parsed), ...togglesOf(own) },
    configFile,
  }
}

/** The parser of yargs alone: yargs itself takes longer to load than all the rest, and only `--help` needs it. */
function read(args: readonly string[]): Readonly<Record<string, unknown>> & { readonly _: readonly unknown[] } {
  const options = Object.values(OPTIONS) as Option<unknown>[]
  const toggles = options.filter(({ kind }) => kind.placeholder === null)
  const texts = options.filter(({ kind }) => kind.placeholder !== null)
  return parse([...args], {
    alias: {
      help: ['h'],
      ...Object.fromEntries(options.map(({ flag, alias }) => [flag, alias === undefined ? [] : [alias]])),
    },
    boolean: ['help', 'version', 'check-config', 'print-config', ...toggles.map(({ flag }) => flag)],
    string: ['config', ...texts.map(({ flag }) => flag)],
    configuration: {
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    },
  })
}

/** `--no-warm` is `--warm=false`. */
function negated(arg: string): string {
  const flag = /^--no-(?<flag>[a-z-]+)$/.exec(arg)?.groups?.['flag']
  const isToggle = Object.values(OPTIONS).some((option) => option.flag === flag && option.kind.placeholder === null)
  return isToggle ? `--${flag}=false` : arg
}

/** yargs keeps flags as properties of plain objects, and stumbles over those that every object has. */
function refuseInherited(args: readonly string[]): void {
  for (const arg of args) {
    const name = /^--(?:no-)?(?<name>[^=]+)/.exec(arg)?.groups?.['name']
    if (name !== undefined && name in Object.prototype) throw unknownOption(name)
  }
}

function noConfigNamed(): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_OPTION_INVALID',
    '--config needs a value: a file.',
    'Name it, or leave it out.',
  )
}

function twoTasks(): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_OPTION_INVALID',
    '--check-config and --print-config contradict each other: one loads the app, the other only shows values.',
    'Run the command once for each.',
  )
}

function surplusError(app: string, [second]: readonly string[]): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_APP_MISSING',
    `one app can be run, and two were named: ${app} and ${second}.`,
    'Name one file. Arguments of the app itself come after --',
  )
}

function flagsOf(parsed: Readonly<Record<string, unknown>>): Flags {
  const aliases = new Set(Object.values(OPTIONS).flatMap(({ alias }) => alias ?? []))
  const flags: Record<string, readonly string[]> = {}
  for (const [name, value] of Object.entries(parsed)) {
    if (['_', '$0', 'h', ...OWN_FLAGS].includes(name) || aliases.has(name) || value === undefined) continue
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    flags[name] = values.length === 0 ? [''] : values.map(String)
  }
  return flags
}

/** Switches that were given a value, as in `--factory=no`: yargs takes whatever is not `true` for `false`. */
function togglesOf(args: readonly string[]): Flags {
  const toggles = Object.values(OPTIONS).flatMap(({ flag, kind }) => (kind.placeholder === null ? flag : []))
  return Object.fromEntries(
    args.flatMap((arg) => {
      const { flag = '', value = '' } = /^--(?<flag>[^=]+)=(?<value>.*)$/s.exec(arg)?.groups ?? {}
      return toggles.includes(flag) ? [[flag, [value]]] : []
    }),
  )
}

function lastOf(value: unknown): string | null {
  const last: unknown = Array.isArray(value) ? value.at(-1) : value
  return typeof last === 'string' ? last : null
}
