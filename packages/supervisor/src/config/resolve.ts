import { SupervisorError } from '../errors.ts'
import type { Config, Options } from './config.ts'
import { httpContradiction } from './http-contradictions.ts'
import { OPTION_NAMES, type OptionName } from './options.ts'
import { readHooks, refuseUnknown, settle, type Sources } from './sources.ts'

/** A configuration, and where each of its values was set. */
export interface Resolved {
  readonly config: Config
  readonly origins: Readonly<Record<OptionName | 'app' | 'args', string>>
}

/** What only the command line can say: the app, and its own arguments after `--`. */
export interface Positionals {
  readonly app: string | null
  readonly args: readonly string[]
}

/** The graceful timeout with `--reload`, where nobody has chosen one. */
const DEVELOPERS_PATIENCE_MS = 5000

/** Settles the configuration: defaults, then the config file, then the environment, then flags; the later one wins. */
export function resolveConfig(positionals: Positionals, sources: Sources): Resolved {
  refuseUnknown(sources)
  const values: Partial<Record<OptionName, unknown>> = {}
  const origins: Partial<Record<OptionName | 'app' | 'args', string>> = {}
  for (const name of OPTION_NAMES) {
    const { value, origin } = settle(name, sources)
    values[name] = value
    origins[name] = origin
  }
  // A developer does not wait for half a minute.
  if (values.reload === true && origins.gracefulTimeoutMs === 'default')
    values.gracefulTimeoutMs = DEVELOPERS_PATIENCE_MS
  if (origins.accessLog === 'default') values.accessLog = values.reload === true
  const options = values as Options
  const fromFile = readOthers(sources)
  origins.app = originOf(positionals.app !== null, fromFile.app !== null, sources)
  origins.args = originOf(positionals.args.length > 0, fromFile.args.length > 0, sources)
  const config: Config = {
    ...options,
    app: positionals.app ?? fromFile.app,
    args: positionals.args.length > 0 ? positionals.args : fromFile.args,
    hooks: readHooks(sources.file?.values['hooks'], sources.file?.name ?? 'the options'),
  }
  refuseContradictions(config, origins.bind ?? 'default')
  return { config, origins: origins as Resolved['origins'] }
}

function originOf(isOnCommandLine: boolean, isInFile: boolean, { file }: Sources): string {
  if (isOnCommandLine) return 'command line'
  return isInFile && file !== null ? file.name : 'default'
}

function readOthers({ file }: Sources): { readonly app: string | null; readonly args: readonly string[] } {
  const { app, args } = file?.values ?? {}
  if (app !== undefined && typeof app !== 'string') throw wrong(`${file?.name}: app must be a text.`)
  const isList = Array.isArray(args) && args.every((arg) => typeof arg === 'string')
  if (args !== undefined && !isList) throw wrong(`${file?.name}: args must be a list of texts.`)
  return { app: app ?? null, args: isList ? args : [] }
}

/** Where an address comes from that was not meant for this app alone: it may listen by itself all the same. */
const GENERAL_ORIGINS: readonly string[] = ['default', 'LISTEN_FDS', 'PORT', 'PORT (env file)']

/** Combinations that can't mean anything. */
function refuseContradictions(config: Config, bindOrigin: string): void {
  if (config.sticky !== 'off' && config.accept === 'cluster') {
    throw wrong(
      `--sticky ${config.sticky} and --accept cluster contradict each other: node:cluster hands connections out in turn.`,
    )
  }
  if (config.mode === 'listen' && config.factory) {
    throw wrong('--mode listen and --factory contradict each other: a factory returns what is exported.')
  }
  if (config.mode === 'listen' && !GENERAL_ORIGINS.includes(bindOrigin)) {
    throw wrong('--mode listen and --bind contradict each other: an app that listens chooses its own address.')
  }
  if (config.ready === 'signal' && config.readyPath !== null) {
    throw wrong(
      '--ready signal and --ready-path contradict each other: either the app says that it is ready, or a path.',
    )
  }
  if (config.readyPath !== null && !config.readyPath.startsWith('/')) {
    throw wrong(`--ready-path ${config.readyPath}: must begin with a slash.`)
  }
  if (config.maxRequestsJitter > 0 && config.maxRequests === 0) {
    throw wrong('--max-requests-jitter has no meaning without --max-requests, to which it is added.')
  }
  const problem = httpContradiction(config)
  if (problem !== null) throw wrong(problem)
}

function wrong(message: string): SupervisorError {
  return new SupervisorError('SUPERVISOR_OPTION_INVALID', message, 'See supervisor --help.')
}
