import { readFileSync } from 'node:fs'
import { activatedFds } from '../host/activation.ts'
import { configFileOf, loadConfig, type Given, type Loaded } from '../config/load.ts'
import type { Config } from '../config/config.ts'
import type { Outcome } from '../core/types.ts'
import { bootError } from '../boot-error.ts'
import { EXIT_FORCED, SupervisorError } from '../errors.ts'
import { Loop, type LoopSettings, type SupervisorReport } from '../loop.ts'
import { prepare } from '../prepare.ts'
import { readArguments } from './arguments.ts'
import { checkApp } from './check.ts'
import { explain } from './explain.ts'
import { locate } from './locate.ts'
import { printConfig } from './print-config.ts'
import { followSignals } from './signals.ts'

process.exit(await run(process.argv.slice(2)).catch(explain))

async function run(args: readonly string[]): Promise<number> {
  if (process.platform === 'win32') {
    throw new SupervisorError('SUPERVISOR_PLATFORM_UNSUPPORTED', 'Windows is not supported.', 'Use WSL or a container.')
  }
  const request = await readArguments(args, versionOfPackage())
  if (request.kind === 'text') {
    process.stdout.write(`${request.text}\n`)
    return 0
  }
  const { app, args: appArgs, flags, configFile } = request
  const fds = activatedFds(process.env, process.pid)
  const given = { positionals: { app, args: appArgs }, flags, configFile, env: process.env, activatedFds: fds }
  switch (request.kind) {
    case 'print':
      process.stdout.write(printConfig(await load(given)))
      return 0
    case 'check':
      return checkApp(() => load(given))
    case 'run': {
      const loaded = await load(given)
      return supervise(loaded.config, settingsOf(loaded, fds))
    }
  }
}

async function load(given: Given): Promise<Loaded> {
  try {
    return await loadConfig(given)
  } catch (error) {
    if (!(error instanceof SupervisorError) || error.code !== 'SUPERVISOR_CONFIG_NOT_LOADED') throw error
    throw await locate(error, configFileOf(given) ?? '')
  }
}

function settingsOf({ config, folder, configFile, origins }: Loaded, fds: readonly number[]): LoopSettings {
  return prepare(config, {
    folder,
    configFile,
    activatedFds: fds,
    isBindChosen: origins.bind !== 'default',
    isCheck: false,
  })
}

async function supervise(config: Config, settings: LoopSettings): Promise<number> {
  const app = config.app ?? ''
  process.title = `supervisor [${app}]`
  const loop = new Loop(settings)
  // The log is loaded while the workers boot; what happens until then waits.
  const early: SupervisorReport[] = []
  const endEarly = loop.subscribe((report) => early.push(report))
  followSignals(loop)
  loop.start()
  const [{ createLog }, { Output }] = await Promise.all([import('./log.ts'), import('./output.ts')])
  const output = new Output()
  const log = await createLog(config, app, output)
  endEarly()
  for (const report of early) log(report)
  loop.subscribe(log)
  const outcome = await loop.finished
  await output.end()
  return conclude(outcome, app, settings.app)
}

async function conclude(outcome: Outcome, app: string, path: string): Promise<number> {
  switch (outcome.kind) {
    case 'stopped':
      return 0
    case 'forced':
      return EXIT_FORCED
    case 'failed':
      throw await locate(bootError(outcome.failure, outcome.worker, app), path)
  }
}

function versionOfPackage(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return String((manifest as { readonly version: unknown }).version)
}
