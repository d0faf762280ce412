import type { AcceptMode, Binding, ReadyMode, ServeMode, StickyMode } from '../protocol/orders.ts'
import type { TlsClientAuth } from '../protocol/tls-rules.ts'
import type { Hooks } from './hooks.ts'

/** The levels of pino, from all to nothing. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** `auto` is `pretty` on a terminal and `json` elsewhere. */
export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

export const ACCEPT_MODES = ['shared', 'cluster'] as const
export const STICKY_MODES = ['off', 'ip'] as const
export const SERVE_MODES = ['auto', 'listen', 'export'] as const
export const READY_MODES = ['listen', 'signal'] as const

export const TLS_CLIENT_AUTHS = ['none', 'optional', 'required'] as const
export const TLS_VERSIONS = ['1.2', '1.3'] as const

/** How TypeScript is run: by tsx, by Node's own type stripping, or by what there is. */
export const TS_MODES = ['auto', 'strip', 'tsx'] as const
export type TsMode = (typeof TS_MODES)[number]

/** The values of all options, checked. All times are milliseconds. */
export interface Options {
  readonly workers: number | 'auto'
  readonly bind: readonly Binding[]
  readonly accept: AcceptMode
  readonly sticky: StickyMode
  readonly tlsCert: string | null
  readonly tlsKey: string | null
  readonly tlsCa: string | null
  readonly tlsClientAuth: TlsClientAuth
  readonly tlsMinVersion: (typeof TLS_VERSIONS)[number]
  readonly http2: boolean
  readonly limitConcurrency: number | null
  readonly timeoutKeepAliveMs: number | null
  readonly timeoutHeadersMs: number | null
  readonly timeoutRequestMs: number | null
  /** In bytes. */
  readonly maxHeaderSize: number | null
  readonly maxHeaders: number | null
  readonly backlog: number | null
  readonly forwardedAllowIps: readonly string[]
  readonly rootPath: string | null
  /** Each as `Name: value`. */
  readonly header: readonly string[]
  readonly serverHeader: boolean
  readonly dateHeader: boolean
  readonly requestId: boolean
  readonly mode: ServeMode
  readonly factory: boolean
  readonly ready: ReadyMode
  readonly readyPath: string | null
  readonly bootTimeoutMs: number
  readonly gracefulTimeoutMs: number
  readonly killTimeoutMs: number
  readonly shutdownDelayMs: number
  readonly canaryMs: number
  readonly maxSurge: number | 'auto'
  readonly rolling: boolean
  readonly spares: number
  readonly timeoutMs: number
  readonly giveUpMs: number
  readonly maxRequests: number
  readonly maxRequestsJitter: number
  readonly maxAgeMs: number
  /** In bytes. */
  readonly maxMemory: number | null
  readonly maxLoopDelayMs: number
  /** A name or a number, as it was written. */
  readonly user: string | null
  readonly group: string | null
  /** In octal. */
  readonly umask: string | null
  readonly pidFile: string | null
  readonly reload: boolean
  readonly reloadDir: readonly string[]
  readonly reloadInclude: readonly string[]
  readonly reloadExclude: readonly string[]
  readonly reloadDelayMs: number
  readonly reloadPoll: boolean
  readonly warm: boolean
  readonly warmExclude: readonly string[]
  readonly accessLog: boolean
  readonly accessLogFile: string | null
  /** The name of a format, or a template. */
  readonly accessLogFormat: string
  readonly ts: TsMode
  readonly chdir: string | null
  readonly envFile: readonly string[]
  readonly import: readonly string[]
  readonly require: readonly string[]
  readonly nodeArgs: readonly string[]
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  readonly logFile: string | null
}

/** Everything that the command line, the environment and the config file settle. */
export interface Config extends Options {
  /** The app's file as the user named it, perhaps with `:name` for a named export. */
  readonly app: string | null
  /** What the app sees behind its own name in `process.argv`. */
  readonly args: readonly string[]
  readonly hooks: Hooks
}

/** Who does not want an option leaves it out. */
type Sayable<T> = { readonly [Name in keyof T]?: Exclude<T[Name], null> }

/** What a config file may say: any option, under its name in code. Addresses are written as in `--bind`. */
export interface ConfigFile extends Sayable<Omit<Options, 'bind' | 'maxMemory' | 'user' | 'group' | 'umask'>> {
  /** The app's file, for a command line that names none. */
  readonly app?: string
  readonly bind?: string | readonly string[]
  /** In bytes, or a text such as `512M`. */
  readonly maxMemory?: number | string
  /** Names, or numbers. */
  readonly user?: string | number
  readonly group?: string | number
  /** Octal digits as a text, such as `'027'`. */
  readonly umask?: string
  readonly args?: readonly string[]
  readonly hooks?: Hooks
}

/** Returns its argument: gives a config file types, completion and checks in an editor. */
export function defineConfig(config: ConfigFile): ConfigFile {
  return config
}
