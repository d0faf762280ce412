import { realpathSync, writeSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { LogFormat, LogLevel } from '../config/config.ts'
import { configFileOf, loadConfig, type Given, type Loaded } from '../config/load.ts'
import { SupervisorError } from '../errors.ts'
import { prepare } from '../prepare.ts'
import type { LoopSettings } from '../loop.ts'

/** What of a configuration is the log's. */
export interface LogSettings {
  readonly level: LogLevel
  readonly format: LogFormat
  /** The path of the file; null for standard output. */
  readonly file: string | null
  /** The app's file as the user named it. */
  readonly app: string
  /** The folder that paths are shown relative to, in development; null in production. */
  readonly developedIn: string | null
}

/** Everything that a run needs: what the loop does, and where it is told. */
export interface RunSettings extends LoopSettings {
  readonly log: LogSettings
}

/** Loads the configuration of a supervisor that starts; here a config file may end the process. */
export async function loadFirst(given: Given): Promise<Loaded> {
  const file = configFileOf(given)
  const onExit = (): void => refuseExit(file ?? '')
  if (file !== null) process.once('exit', onExit)
  try {
    return await load(given)
  } finally {
    process.removeListener('exit', onExit)
  }
}

/** Loads the configuration; a syntax error in the config file is told with its place. */
export async function load(given: Given): Promise<Loaded> {
  try {
    return await loadConfig(given)
  } catch (error) {
    if (!(error instanceof SupervisorError) || error.code !== 'SUPERVISOR_CONFIG_NOT_LOADED') throw error
    const { locate } = await import('./locate.ts')
    throw await locate(error, configFileOf(given) ?? '')
  }
}

/** A config file that ends the process would look like a supervisor that has done its work. */
function refuseExit(file: string): void {
  const message = `${basename(file)} called process.exit while it was being loaded.`
  const { hint, code, exitCode } = new SupervisorError(
    'SUPERVISOR_CONFIG_NOT_LOADED',
    message,
    'Have it throw an error.',
  )
  writeSync(2, `supervisor: ${message}\n${hint} (${code})\n`)
  process.exitCode = exitCode
}

/** What a configuration comes to, here and now: files are looked up, and CPUs counted. */
export function settle(loaded: Loaded, activatedFds: readonly number[]): RunSettings {
  const { config, folder, configFile, origins } = loaded
  const isBindChosen = origins.bind !== 'default'
  const settings = prepare(config, { folder, configFile, activatedFds, isBindChosen, isCheck: false })
  return { ...settings, log: { ...logSettings(loaded), app: settings.appName } }
}

export function logSettings({ config, folder }: Pick<Loaded, 'config' | 'folder'>): LogSettings {
  const { logLevel, logFormat, logFile, app, chdir, reload } = config
  return {
    level: logLevel,
    format: logFormat,
    file: logFile === null ? null : resolve(folder, chdir ?? '.', logFile),
    app: app ?? '',
    developedIn: reload ? resolve(folder, chdir ?? '.') : null,
  }
}

/** The folder by the name that it was entered under, such as `/srv/app/current`; its real path may change. */
export function logicalFolder(env: Readonly<NodeJS.ProcessEnv>): string {
  const folder = process.cwd()
  const { PWD: name } = env
  try {
    return name !== undefined && realpathSync(name) === folder ? name : folder
  } catch {
    return folder
  }
}
