import { realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from './config/config.ts'
import { readEnvFiles } from './config/env-file.ts'
import { SupervisorError } from './errors.ts'
import { usableCpus } from './host/cpus.ts'
import { typeScriptFor } from './host/typescript.ts'
import type { LoopSettings } from './loop.ts'

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
  const folder = resolve(surroundings.folder, config.chdir ?? '.')
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new SupervisorError(
      'SUPERVISOR_OPTION_INVALID',
      `--chdir ${config.chdir}: is not a folder.`,
      `Looked for ${folder}.`,
    )
  }
  const { path, name } = findApp(config.app, folder)
  const typeScript = typeScriptFor(path, config.ts)
  return {
    workers: isCheck ? 1 : config.workers === 'auto' ? usableCpus() : config.workers,
    bootTimeoutMs: config.bootTimeoutMs,
    gracefulTimeoutMs: config.gracefulTimeoutMs,
    killTimeoutMs: config.killTimeoutMs,
    hooks: isCheck ? {} : config.hooks,
    app: path,
    args: config.args,
    folder,
    env: readEnvFiles(folder, config.envFile),
    nodeArgs: [...splitArgs(config.nodeArgs), ...(typeScript.kind === 'strip' ? typeScript.nodeArgs : [])],
    activatedFds,
    go: goOrder(config, surroundings, name, typeScript.kind === 'tsx' ? [typeScript.module] : []),
  }
}

/** The order that every worker starts with. `loaders` come before what the user has imported. */
function goOrder(
  config: Config,
  surroundings: Surroundings,
  name: string | null,
  loaders: readonly string[],
): LoopSettings['go'] {
  return {
    type: 'go',
    accept: config.accept,
    bind: config.bind,
    isActivated: surroundings.activatedFds.length > 0,
    isBindChosen: surroundings.isBindChosen,
    gracefulTimeoutMs: config.gracefulTimeoutMs,
    app: { name, factory: config.factory, mode: config.mode },
    ready: { mode: config.ready, path: config.readyPath },
    preload: {
      requires: config.require,
      imports: [...loaders, ...config.import],
      hooksFile: config.hooks.postFork === undefined ? null : surroundings.configFile,
    },
    title: `supervisor worker [${config.app ?? ''}]`,
    isCheck: surroundings.isCheck,
  }
}

/** `--node-args "--a --b"` may hold several. */
function splitArgs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(' ').filter(Boolean))
}

/**
 * Finds the app's file. Its real path is what counts: a release behind a symlink stays the same one for as long as its
 * generation lives.
 */
function findApp(app: string | null, folder: string): { readonly path: string; readonly name: string | null } {
  if (app === null) {
    throw new SupervisorError('SUPERVISOR_APP_MISSING', 'no app was named.', 'Name its file: supervisor app.js')
  }
  const whole = statSync(resolve(folder, app), { throwIfNoEntry: false })
  const match = whole === undefined ? /^(?<file>.+):(?<name>[\w$]+)$/.exec(app) : null
  const file = match?.groups?.['file'] ?? app
  const path = resolve(folder, file)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) {
    throw new SupervisorError('SUPERVISOR_APP_NOT_FOUND', `there is no file ${file}.`, `Looked in ${folder}.`)
  }
  if (!found.isFile()) {
    const kind = found.isDirectory() ? 'a directory' : 'not a file'
    throw new SupervisorError('SUPERVISOR_APP_NOT_FOUND', `${file} is ${kind}.`, "Name the app's main file.")
  }
  return { path: realpathSync(path), name: match?.groups?.['name'] ?? null }
}
