import type { Config } from '../../packages/supervisor/src/config/config.ts'
import { resolveConfig, type Resolved } from '../../packages/supervisor/src/config/resolve.ts'
import type { Sources } from '../../packages/supervisor/src/config/sources.ts'
import { SupervisorError } from '../../packages/supervisor/src/errors.ts'

/** Sources, of which most tests need one or two. A file is named supervisor.config.js. */
export interface Said extends Partial<Omit<Sources, 'file'>> {
  readonly file?: Readonly<Record<string, unknown>>
  readonly app?: string | null
  readonly args?: readonly string[]
}

export function resolveAll({ app = 'app.js', args = [], file, ...sources }: Said = {}): Resolved {
  const contents = file === undefined ? null : { name: 'supervisor.config.js', values: file }
  return resolveConfig({ app, args }, { flags: {}, env: {}, activatedFds: [], ...sources, file: contents })
}

export function resolve(said: Said = {}): Config {
  return resolveAll(said).config
}

export function refusalOf(said: Said): SupervisorError {
  try {
    resolve(said)
  } catch (error) {
    if (error instanceof SupervisorError) return error
    throw error
  }
  throw new Error(`not refused: ${JSON.stringify(said)}`)
}

/** What is settled where nothing is said. */
export const DEFAULT: Config = {
  app: 'app.js',
  args: [],
  hooks: {},
  workers: 1,
  bind: [{ kind: 'tcp', host: '127.0.0.1', port: 8000 }],
  accept: 'shared',
  mode: 'auto',
  factory: false,
  ts: 'auto',
  chdir: null,
  envFile: [],
  import: [],
  require: [],
  nodeArgs: [],
  ready: 'listen',
  readyPath: null,
  bootTimeoutMs: 60_000,
  gracefulTimeoutMs: 30_000,
  killTimeoutMs: 5000,
  shutdownDelayMs: 0,
  canaryMs: 0,
  maxSurge: 'auto',
  rolling: false,
  spares: 4,
  timeoutMs: 30_000,
  giveUpMs: 0,
  maxRequests: 0,
  maxRequestsJitter: 0,
  maxAgeMs: 0,
  maxMemory: null,
  maxLoopDelayMs: 0,
  reload: false,
  reloadDir: [],
  reloadInclude: [],
  reloadExclude: [],
  reloadDelayMs: 0,
  reloadPoll: false,
  warm: true,
  warmExclude: [],
  accessLog: false,
  accessLogFile: null,
  accessLogFormat: 'auto',
  logLevel: 'info',
  logFormat: 'auto',
  logFile: null,
}
