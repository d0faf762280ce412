import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { SupervisorError } from '../errors.ts'
import { readEnvFiles } from './env-file.ts'
import { resolveConfig, type Positionals, type Resolved } from './resolve.ts'
import { settle, type Flags, type Sources } from './sources.ts'

/** The names under which a config file is found by itself, the first one wins. */
const CONFIG_FILES: readonly string[] = ['ts', 'js', 'mjs', 'json'].map((kind) => `supervisor.config.${kind}`)

/** What the command line and the environment say. */
export interface Given {
  readonly positionals: Positionals
  readonly flags: Flags
  /** The file that `--config` names. */
  readonly configFile: string | null
  readonly env: Readonly<NodeJS.ProcessEnv>
  readonly activatedFds: readonly number[]
  /** The folder that the command was called in. */
  readonly folder: string
}

/** A configuration, and the files that it came from. */
export interface Loaded extends Resolved {
  /** The folder that relative paths in it start from. */
  readonly folder: string
  /** The path of the config file. */
  readonly configFile: string | null
}

/** Finds and reads the config file and env files, and settles the configuration. */
export async function loadConfig(given: Given): Promise<Loaded> {
  const { positionals, flags, env, activatedFds } = given
  const bare: Sources = { flags, env, file: null, activatedFds }
  const configFile = configFileOf(given)
  // Loaded for these alone who have one: before the first fork each file counts.
  const file = configFile === null ? null : await (await import('./file.ts')).loadConfigFile(configFile)
  // `chdir` in a config file starts from where the file is.
  const isFromFile = file?.values['chdir'] !== undefined && settle('chdir', bare).value === null
  const folder = isFromFile && configFile !== null ? dirname(configFile) : given.folder
  const sources: Sources = { flags, env, file, activatedFds }
  const files = settle('envFile', sources).value as readonly string[]
  const chdir = settle('chdir', sources).value as string | null
  const fromFiles = readEnvFiles(resolve(folder, chdir ?? '.'), files)
  return { ...resolveConfig(positionals, { ...sources, envFiles: fromFiles }), folder, configFile }
}

/** The path of the config file; null without one. */
export function configFileOf({ flags, env, activatedFds, configFile, folder }: Given): string | null {
  const { value: chdir } = settle('chdir', { flags, env, file: null, activatedFds })
  return findConfigFile(resolve(folder, (chdir as string | null) ?? '.'), configFile)
}

/** Finds the config file: the one that was named, else the first of the usual names in the folder; null if none. */
function findConfigFile(folder: string, named: string | null): string | null {
  if (named === null) {
    const found = CONFIG_FILES.find((name) => existsSync(join(folder, name)))
    return found === undefined ? null : join(folder, found)
  }
  const path = resolve(folder, named)
  const file = statSync(path, { throwIfNoEntry: false })
  if (file?.isDirectory() === true) {
    const hint = 'Name the config file in it.'
    throw new SupervisorError('SUPERVISOR_CONFIG_NOT_LOADED', `${named} is a directory.`, hint)
  }
  if (file !== undefined) return path
  throw new SupervisorError('SUPERVISOR_CONFIG_NOT_LOADED', `there is no config file ${named}.`, `Looked in ${folder}.`)
}
