import { resolve } from 'node:path'
import type { LogFormat, LogLevel } from '../config/config.ts'
import type { Loaded } from '../config/load.ts'

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
