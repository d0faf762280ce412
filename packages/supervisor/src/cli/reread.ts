import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { extname } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Config } from '../config/config.ts'
import { loadConfigFile } from '../config/file.ts'
import type { Hooks } from '../config/hooks.ts'
import { configFileOf, type Loaded } from '../config/load.ts'
import { readHooks } from '../config/sources.ts'
import { SupervisorError, type ErrorCode } from '../errors.ts'
import { checkLogPath } from '../host/log-path.ts'
import { readArguments } from './arguments.ts'
import { load, settle, type RunSettings } from './load.ts'

/** How the command was called: what a reload reads again is read in the same way. */
export interface Call {
  /** The arguments behind the command's name. */
  readonly args: readonly string[]
  /** The environment, before any config file could change it. */
  readonly env: Readonly<NodeJS.ProcessEnv>
  /** The folder that the command was called in, as the shell calls it. */
  readonly folder: string
  readonly activatedFds: readonly number[]
}

/** What the reading process answers: a configuration whose hooks are left out, or what is wrong with it. */
export type Answer =
  | {
      readonly kind: 'loaded'
      readonly loaded: Omit<Loaded, 'config'> & { readonly config: Omit<Config, 'hooks'> }
      readonly hasHooks: boolean
    }
  | {
      readonly kind: 'refused'
      readonly code: ErrorCode
      readonly message: string
      readonly hint: string
      readonly detail?: string | undefined
    }

/** The descriptor that the answer is written to: a config file may print what it likes on the others. */
export const ANSWER_FD = 3
/** Tells the reading process of the sockets from systemd, which are the supervisor's. */
export const ACTIVATED_FDS = 'PREFORK_ACTIVATED_FDS'

const ENTRY = fileURLToPath(new URL('./reread-entry.js', import.meta.url))
/** The reading process gives a config file 10 s by itself, and then can say more. */
const PATIENCE_MS = 15_000

/** Makes the URL of a config file with hooks a new one each time it is imported. */
let edition = 1

/**
 * Reads everything anew, as if the command were called again: the config file and what it imports, env files, the app's
 * place. Rejects with a {@link SupervisorError} for what a start would refuse.
 *
 * A process of its own reads a config file that is code, since modules stay loaded where they were imported once. Only
 * hooks are functions that this process has to have, so a config file with hooks is then imported here too.
 */
export async function reread(call: Call, patienceMs: number = PATIENCE_MS): Promise<RunSettings> {
  edition += 1
  try {
    const { loaded, hasHooks } = await read(call, patienceMs)
    const hooks = hasHooks ? await importHooks(loaded.configFile ?? '', edition) : {}
    const settings = settle({ ...loaded, config: { ...loaded.config, hooks } }, call.activatedFds)
    if (settings.log.file !== null) checkLogPath(settings.log.file)
    return settings
  } catch (error) {
    if (error instanceof SupervisorError) throw error
    throw failure(`failed: ${error instanceof Error ? error.message : String(error)}.`)
  }
}

async function importHooks(path: string, edition: number): Promise<Hooks> {
  const { name, values } = await loadConfigFile(path, edition)
  return readHooks(values['hooks'], name)
}

type LoadedAnswer = Extract<Answer, { readonly kind: 'loaded' }>

async function read(call: Call, patienceMs: number): Promise<LoadedAnswer> {
  const { args, env, folder, activatedFds } = call
  refuseMissing(folder)
  const request = await readArguments(args, () => '')
  if (request.kind === 'text') throw new Error('these are not the arguments of a supervisor that runs')
  const { app, args: appArgs, flags, configFile } = request
  const given = { positionals: { app, args: appArgs }, flags, configFile, env, activatedFds, folder }
  const path = configFileOf(given)
  if (path !== null && extname(path) !== '.json') return ask(call, patienceMs)
  return { kind: 'loaded', loaded: await load(given), hasHooks: false }
}

function refuseMissing(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  throw failure(`failed: the folder ${folder} is not there any more.`)
}

async function ask(call: Call, patienceMs: number): Promise<LoadedAnswer> {
  const text = await readAnswer(call, patienceMs)
  const answer = JSON.parse(text) as Answer
  if (answer.kind === 'loaded') return answer
  throw new SupervisorError(answer.code, answer.message, answer.hint, answer.detail)
}

/** What the reading process answers. One that hangs, or ends without an answer, is an error. */
function readAnswer({ args, env, folder, activatedFds }: Call, patienceMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv.filter(isHarmless), ENTRY, ...args], {
      cwd: folder,
      env: { ...env, [ACTIVATED_FDS]: activatedFds.join() },
      // What it prints was printed at the start already; what goes wrong is worth reading.
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      // Signals for the supervisor's whole group are not meant for it.
      detached: true,
    })
    let text = ''
    let isLate = false
    const kill = (): void => void child.kill('SIGKILL')
    const timer = setTimeout(() => {
      isLate = true
      kill()
    }, patienceMs)
    process.once('exit', kill)
    const over = (): void => {
      clearTimeout(timer)
      process.removeListener('exit', kill)
    }
    child.once('error', (error) => {
      over()
      reject(failure(`failed: ${error.message}.`))
    })
    // Where no descriptor was left, Node makes no pipes at all; the error comes a moment later.
    const pipe = (child.stdio as readonly unknown[] | undefined)?.[ANSWER_FD] as Readable | null | undefined
    pipe?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    child.once('close', (code, signal) => {
      over()
      if (isLate) return reject(failure(`was not done after ${patienceMs / 1000} s.`))
      if (code === 0 && text !== '') return resolve(text)
      reject(failure(`ended ${signal === null ? `with code ${code}` : `by ${signal}`} before it was done.`))
    })
  })
}

/** The supervisor's own inspector has its port already. */
function isHarmless(option: string): boolean {
  return !option.startsWith('--inspect')
}

function failure(problem: string): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_CONFIG_NOT_LOADED',
    `reading the configuration anew ${problem}`,
    'See what supervisor --print-config says with the same arguments.',
  )
}
