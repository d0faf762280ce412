import type { AcceptMode, Binding } from '../protocol/orders.ts'

/** The levels of pino, from all to nothing. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** `auto` is `pretty` on a terminal and `json` elsewhere. */
export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

export const ACCEPT_MODES = ['shared', 'cluster'] as const

/** What the command line and the environment settle, checked. All times are milliseconds. */
export interface Config {
  /** The app's file as the user named it. */
  readonly app: string
  readonly workers: number
  readonly bind: readonly Binding[]
  readonly bootTimeoutMs: number
  readonly gracefulTimeoutMs: number
  readonly killTimeoutMs: number
  readonly accept: AcceptMode
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
}
