import { realpathSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from './config/config.ts'
import { readEnvFiles } from './config/env-file.ts'
import { httpRulesOf } from './config/http-rules.ts'
import { limitsOf } from './config/limits.ts'
import type { Settings } from './core/types.ts'
import { checkedFolder } from './dev/checked-folder.ts'
import { SupervisorError } from './errors.ts'
import { areUnaskedRoot, rightsFor } from './host/account.ts'
import { findApp, guessApp, statOf, typeScriptFor } from './host/app-file.ts'
import { readTls } from './host/certificate.ts'
import { usableCpus } from './host/cpus.ts'
import { isLoading } from './host/launch.ts'
import { checkLogPath } from './host/log-path.ts'
import type { LoopSettings } from './loop.ts'
import { readAccessLogFormat, type AccessLogRules } from './protocol/access-log.ts'
import { inspectAt, optionsIn } from './protocol/inspection.ts'
import type { InspectAt } from './protocol/orders.ts'

const FASTEST_BEAT_MS = 50
const SLOWEST_BEAT_MS = 1000

/** What a configuration does not say of the place that it is used in. */
export interface Surroundings {
  /** The folder that relative paths start from, and that the workers run in. */
  readonly folder: string
  /** Descriptors of sockets that systemd has passed on. */
  readonly activatedFds: readonly number[]
  /** The config file, which a worker reads for its hook `postFork`. */
  readonly configFile: string | null
  /** Whether somebody chose the addresses of `bind`, or they are the default. */
  readonly isBindChosen: boolean
  /** Whether the app is only to be looked at. */
  readonly isCheck: boolean
}

/** Turns a configuration into what the loop needs: files found, TypeScript provided for, CPUs counted. */
export function prepare(config: Config, surroundings: Surroundings): LoopSettings {
  const { activatedFds, isCheck } = surroundings
  const folder = folderOf(config, surroundings)
  const app = config.app ?? (config.reload ? guessApp(folder) : null)
  const { path, name } = findApp(app, folder)
  const appName = app ?? ''
  const typeScript = typeScriptFor(path, config.ts)
  const env = readEnvFiles(folder, config.envFile)
  const rights = rightsFor(config, isCheck)
  if (rights !== null && rights.user !== null) refuseLoading(config, env)
  const tls = readTls(config, folder)
  return {
    ...coreSettings(config),
    ...(isCheck && { workers: 1, shutdownDelayMs: 0, spares: 0 }),
    appName,
    development: config.reload && !isCheck ? developmentOf(config, surroundings, folder, path) : null,
    hooks: isCheck ? {} : config.hooks,
    app: path,
    args: config.args,
    folder,
    env,
    nodeArgs: [...splitArgs(config.nodeArgs), ...(typeScript.kind === 'strip' ? typeScript.nodeArgs : [])],
    activatedFds,
    umask: config.umask,
    pidFile: config.pidFile,
    // In development it is the developer's own machine, or a container of theirs.
    areWorkersRoot: !config.reload && !isCheck && areUnaskedRoot(config),
    go: {
      ...goOrder(config, surroundings, folder, name, typeScript.kind === 'tsx' ? [typeScript.module] : []),
      tls,
      title: `supervisor worker [${appName}]`,
      ...(rights !== null && { rights }),
    },
  }
}

/** The folder that the workers run in. A release behind a symlink stays the same one for as long as its generation lives. */
function folderOf({ chdir }: Config, { folder }: Surroundings): string {
  const named = resolve(folder, chdir ?? '.')
  if (statOf(named, 'SUPERVISOR_OPTION_INVALID')?.isDirectory()) return realpathSync(named)
  throw new SupervisorError('SUPERVISOR_OPTION_INVALID', `--chdir ${chdir}: is not a folder.`, `Looked for ${named}.`)
}

/** Which files count in development, if nobody says so. */
const COUNTED: readonly string[] = ['*.{js,mjs,cjs,ts,mts,cts,json}', '.env*']

function developmentOf(
  config: Config,
  { configFile }: Surroundings,
  folder: string,
  app: string,
): NonNullable<LoopSettings['development']> {
  const dirs = config.reloadDir.length === 0 ? [dirname(app)] : config.reloadDir.map((dir) => resolve(folder, dir))
  // Later on nobody would be there to be told.
  for (const dir of dirs) checkedFolder(dir)
  const envFiles = config.envFile.map((file) => resolve(folder, file))
  return {
    folder,
    dirs,
    include: config.reloadInclude.length === 0 ? COUNTED : config.reloadInclude,
    exclude: config.reloadExclude,
    isPolling: config.reloadPoll,
    delayMs: config.reloadDelayMs,
    isWarm: config.warm,
    warmExclude: config.warmExclude,
    ownFiles: [...envFiles, ...(configFile === null ? [] : [configFile])],
  }
}

/** What decisions depend on: `auto` is counted, and what is off is 0. */
function coreSettings(config: Config): Settings {
  return {
    workers: config.workers === 'auto' ? usableCpus() : config.workers,
    bootTimeoutMs: config.bootTimeoutMs,
    gracefulTimeoutMs: config.gracefulTimeoutMs,
    killTimeoutMs: config.killTimeoutMs,
    shutdownDelayMs: config.shutdownDelayMs,
    canaryMs: config.canaryMs,
    maxSurge: config.maxSurge === 'auto' ? usableCpus() : config.maxSurge,
    rolling: config.rolling,
    // Development has its own, which know the app's packages.
    spares: config.reload ? 0 : config.spares,
    isSticky: config.sticky === 'ip',
    timeoutMs: config.timeoutMs,
    giveUpMs: config.giveUpMs,
    maxRequests: config.maxRequests,
    maxRequestsJitter: config.maxRequestsJitter,
    maxAgeMs: config.maxAgeMs,
    maxMemory: config.maxMemory ?? 0,
    maxLoopDelayMs: config.maxLoopDelayMs,
    isDevelopment: config.reload,
  }
}

/** The order that every worker starts with. `loaders` come before what the user has imported. */
function goOrder(
  config: Config,
  surroundings: Surroundings,
  folder: string,
  name: string | null,
  loaders: readonly string[],
): Omit<LoopSettings['go'], 'title' | 'tls'> {
  return {
    type: 'go',
    accept: config.accept,
    sticky: config.sticky,
    bind: config.bind,
    isActivated: surroundings.activatedFds.length > 0,
    isBindChosen: surroundings.isBindChosen,
    gracefulTimeoutMs: config.gracefulTimeoutMs,
    app: { name, factory: config.factory, mode: config.mode },
    ready: { mode: config.ready, path: config.readyPath },
    preload: {
      requires: config.require,
      imports: [...loaders, ...config.import],
      hooksFile: config.hooks.postFork === undefined ? null : pinned(surroundings.configFile),
    },
    http: {
      ...httpRulesOf(config),
      limits: limitsOf(config),
      ...(config.accessLog && { accessLog: accessLogRules(config, folder) }),
    },
    beatMs: beatFor(config.timeoutMs),
    // Each worker has its own, with its jitter.
    requestLimit: null,
    measuresLoopDelay: config.maxLoopDelayMs > 0,
    isCheck: surroundings.isCheck,
    ...(config.reload && { development: { inspect: inspectFor(splitArgs(config.nodeArgs)) } }),
  }
}

function accessLogRules({ accessLogFile, accessLogFormat }: Config, folder: string): AccessLogRules {
  const read = readAccessLogFormat(accessLogFormat)
  const format = read.ok ? read.value : 'auto'
  // As with gunicorn: for who has to overrule a config file.
  if (accessLogFile === null || accessLogFile === '-') return { file: null, format }
  const file = resolve(folder, accessLogFile)
  checkLogPath(file, 'access log file')
  return { file, format }
}

/** Whoever gives a worker another user does not want anything loaded before it is that. */
function refuseLoading({ nodeArgs }: Config, { NODE_OPTIONS: options }: Readonly<Record<string, string>>): void {
  const found = [...splitArgs(nodeArgs), ...optionsIn(options)].find(isLoading)
  if (found === undefined) return
  throw new SupervisorError(
    'SUPERVISOR_OPTION_INVALID',
    `--user and ${found} for the workers' Node contradict each other: Node would load that as root.`,
    "The supervisor's own --require, --import and --env-file do so when the worker is that user.",
  )
}

function pinned(path: string | null): string | null {
  return path === null ? null : realpathSync(path)
}

/** Several signs of life within the timeout, so that one that is late does no harm. They also carry what is measured. */
function beatFor(timeoutMs: number): number {
  return timeoutMs === 0 ? SLOWEST_BEAT_MS : Math.max(FASTEST_BEAT_MS, Math.min(SLOWEST_BEAT_MS, timeoutMs / 4))
}

/** Where the first worker listens for debuggers. Who debugs the supervisor itself has taken the port that was named. */
function inspectFor(nodeArgs: readonly string[]): InspectAt | null {
  const shared = [...optionsIn(process.env['NODE_OPTIONS']), ...process.execArgv]
  return inspectAt(nodeArgs, 0) ?? inspectAt(shared, 1)
}

/** `--node-args "--a --b"` may hold several. */
function splitArgs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(' ').filter(Boolean))
}
