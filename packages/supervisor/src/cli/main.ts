import { readFileSync } from 'node:fs'
import { activatedFds } from '../host/activation.ts'
import { bootError, EXIT_FORCED, SupervisorError } from '../errors.ts'
import { resolveConfig } from '../config/resolve.ts'
import type { Config } from '../config/config.ts'
import type { Outcome } from '../core/types.ts'
import { Supervisor, type SupervisorReport } from '../supervisor.ts'
import { findApp } from './app-file.ts'
import { readArguments } from './arguments.ts'
import { locate } from './locate.ts'
import { followSignals } from './signals.ts'

await run(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => process.exit(explain(error)),
)

async function run(args: readonly string[]): Promise<number> {
  if (process.platform === 'win32') {
    throw new SupervisorError('SUPERVISOR_PLATFORM_UNSUPPORTED', 'Windows is not supported.', 'Use WSL or a container.')
  }
  const request = await readArguments(args, versionOfPackage())
  if (request.kind === 'text') {
    process.stdout.write(`${request.text}\n`)
    return 0
  }
  const fds = activatedFds(process.env, process.pid)
  const config = resolveConfig(request.app ?? '', request.flags, process.env, fds)
  return supervise(config, findApp(request.app, request.surplus), fds)
}

async function supervise(config: Config, app: string, fds: readonly number[]): Promise<number> {
  const supervisor = new Supervisor({ ...config, app, activatedFds: fds })
  // The log is loaded while the workers boot; what happens until then waits.
  const early: SupervisorReport[] = []
  const endEarly = supervisor.subscribe((report) => early.push(report))
  followSignals(supervisor)
  supervisor.start()
  const [{ createLog }, { Output }] = await Promise.all([import('./log.ts'), import('./output.ts')])
  const output = new Output()
  const log = await createLog(config, output)
  endEarly()
  for (const report of early) log(report)
  supervisor.subscribe(log)
  const outcome = await supervisor.finished
  await output.end()
  return conclude(outcome, config.app, app)
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

/** Tells a person what went wrong, and returns the exit code. */
function explain(error: unknown): number {
  if (!(error instanceof SupervisorError)) throw error
  const detail = error.detail === undefined ? '' : `\n${withoutInternals(error.detail)}\n\n`
  process.stderr.write(`supervisor: ${error.message}\n${detail}${error.hint} (${error.code})\n`)
  return error.exitCode
}

/** The stack less Node's own frames, which say nothing about the app. */
function withoutInternals(stack: string): string {
  // The last frame may open the list of the error's properties: its bracket stays.
  return stack.replaceAll(/\n\s+at [^\n]*node:internal\/[^\n]*?( \{)?(?=\n|$)/g, '$1').trimEnd()
}

function versionOfPackage(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return String((manifest as { readonly version: unknown }).version)
}
