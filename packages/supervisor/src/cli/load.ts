import { configFileOf, loadConfig, type Given, type Loaded } from '../config/load.ts'
import { SupervisorError } from '../errors.ts'
import { prepare } from '../prepare.ts'
import type { LoopSettings } from '../loop.ts'
import { locate } from './locate.ts'
import { logSettings, type LogSettings } from './log-settings.ts'

/** Everything that a run needs: what the loop does, and where it is told. */
export interface RunSettings extends LoopSettings {
  readonly log: LogSettings
}

/** Loads the configuration; a syntax error in the config file is told with its place. */
export async function load(given: Given): Promise<Loaded> {
  try {
    return await loadConfig(given)
  } catch (error) {
    if (!(error instanceof SupervisorError) || error.code !== 'SUPERVISOR_CONFIG_NOT_LOADED') throw error
    throw await locate(error, configFileOf(given) ?? '')
  }
}

/** What a configuration comes to, here and now: files are looked up, and CPUs counted. */
export function settle(loaded: Loaded, activatedFds: readonly number[]): RunSettings {
  const { config, folder, configFile, origins } = loaded
  const isBindChosen = origins.bind !== 'default'
  const settings = prepare(config, { folder, configFile, activatedFds, isBindChosen, isCheck: false })
  return { ...settings, log: { ...logSettings(loaded), app: settings.appName } }
}
