import type { Loaded } from '../config/load.ts'
import { bootError } from '../boot-error.ts'
import { Loop } from '../loop.ts'
import { checkLogPath } from '../host/log-path.ts'
import { prepare } from '../prepare.ts'
import { explain } from './explain.ts'
import { logSettings } from './load.ts'
import { locate } from './locate.ts'

/** gunicorn's exit code of a check that found something (`--check-config`). */
const EXIT_CHECK_FAILED = 1

/**
 * Checks the configuration, and loads the app in one worker that binds nothing: a live supervisor beside it is not
 * disturbed. Returns the exit code.
 */
export async function checkApp(load: () => Promise<Loaded>): Promise<number> {
  try {
    const loaded = await load()
    const { config, folder, configFile } = loaded
    const { file: logFile } = logSettings(loaded)
    if (logFile !== null) checkLogPath(logFile)
    const settings = prepare(config, { folder, configFile, activatedFds: [], isBindChosen: true, isCheck: true })
    const loop = new Loop(settings, async () => settings)
    loop.subscribe(({ type }) => type === 'serving' && loop.stop('quick', 'check'))
    loop.start()
    const outcome = await loop.finished
    if (outcome.kind === 'failed') {
      throw await locate(bootError(outcome.failure, outcome.worker, config.app ?? ''), settings.app)
    }
    process.stdout.write(`The configuration is fine, and ${config.app} can be loaded.\n`)
    return 0
  } catch (error) {
    await explain(error)
    return EXIT_CHECK_FAILED
  }
}
