import { readFileSync } from 'node:fs'
import type { Given } from '../config/load.ts'
import { SupervisorError } from '../errors.ts'
import { activatedFds } from '../host/activation.ts'
import { EarlyWorkers } from '../host/early-workers.ts'
import { readArguments } from './arguments.ts'
import { loadFirst, logicalFolder, settle } from './load.ts'
import type { Call } from './reread.ts'
import { followSignals, takeNohup } from './signals.ts'

process.exit(
  await run(process.argv.slice(2)).catch(async (error: unknown) => {
    const { explain } = await import('./explain.ts')
    return explain(error)
  }),
)

async function run(args: readonly string[]): Promise<number> {
  if (process.platform === 'win32') {
    throw new SupervisorError('SUPERVISOR_PLATFORM_UNSUPPORTED', 'Windows is not supported.', 'Use WSL or a container.')
  }
  const request = await readArguments(args, versionOfPackage)
  if (request.kind === 'text') {
    process.stdout.write(`${request.text}\n`)
    return 0
  }
  const { app, args: appArgs, flags, configFile } = request
  const fds = activatedFds(process.env, process.pid)
  const { env } = process
  const staysOn = takeNohup(env)
  const folder = process.cwd()
  const given = { positionals: { app, args: appArgs }, flags, configFile, env, activatedFds: fds, folder }
  switch (request.kind) {
    case 'print': {
      const { printConfig } = await import('./print-config.ts')
      process.stdout.write(printConfig(await loadFirst(given)))
      return 0
    }
    case 'check': {
      const { checkApp } = await import('./check.ts')
      return checkApp(() => loadFirst(given))
    }
    case 'run':
      // A copy, since a config file may change the environment.
      return runApp(given, { args, env: { ...env }, folder: logicalFolder(env), activatedFds: fds }, staysOn)
  }
}

/**
 * Runs the app. What supervises is loaded while the processes of the first workers start, unless a hook has to be called
 * before that, or the core has a word for each of them. Should it fail to load, they end with this process.
 */
async function runApp(given: Given, call: Call, staysOn: boolean): Promise<number> {
  const settings = settle(await loadFirst(given), given.activatedFds)
  const { file, app } = settings.log
  if (settings.umask !== null) process.umask(settings.umask)
  if (settings.pidFile !== null) (await import('../host/pid-file.ts')).takePidFile(settings.pidFile)
  const logFd = file === null ? null : (await import('./log-file.ts')).openLogFile(file)
  process.title = `supervisor [${app}]`
  // Node makes a pipe non-blocking when it first looks at it, and for all who share it: so that comes before the workers
  // make theirs blocking, lest their last lines be lost.
  void [process.stdout, process.stderr]
  const loading = import('./supervise.ts')
  const { hooks, workers, maxRequests } = settings
  const isFirst = hooks.onStarting === undefined && hooks.preFork === undefined && maxRequests === 0
  const early = isFirst ? new EarlyWorkers(settings, workers) : undefined
  const run = loading.then(({ Run }) => new Run({ ...settings, ...(early && { early }) }, call, logFd))
  followSignals(run, staysOn)
  return (await run).finish()
}

function versionOfPackage(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return String((manifest as { readonly version: unknown }).version)
}
