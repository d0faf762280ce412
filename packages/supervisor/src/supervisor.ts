import { resolveConfig } from './config/resolve.ts'
import type { ConfigFile } from './config/config.ts'
import type { Snapshot } from './core/snapshot.ts'
import type { Outcome, StopMode } from './core/types.ts'
import { bootError } from './boot-error.ts'
import { SupervisorError } from './errors.ts'
import type { ProcessSettings } from './host/host-settings.ts'
import { takePidFile } from './host/pid-file.ts'
import { Loop, type LoopSettings, type SupervisorReport } from './loop.ts'
import { prepare } from './prepare.ts'

/** The options of the library: those of a config file, and the app. */
export interface SupervisorOptions extends ConfigFile {
  /** The app's file, perhaps with `:name` for a named export. */
  readonly app: string
}

/**
 * Runs an app in several workers, from a program of your own. The same as the command line, less its log and its
 * signals: what happens is told by `events()` and `on()`, and when to stop is yours to say.
 */
export class Supervisor {
  readonly #loop: Loop
  readonly #app: string
  readonly #own: ProcessSettings
  #started: Promise<void> | null = null

  /** Throws a {@link SupervisorError} for options that the command line would refuse. Defaults are the same. */
  constructor(options: SupervisorOptions) {
    const settings = settingsOf(options)
    this.#app = settings.appName
    this.#own = settings
    // The options are what they were; env files and the app are read anew.
    this.#loop = new Loop(settings, async () => settingsOf(options))
  }

  /**
   * Starts the workers. Resolves when all of the first generation serve; rejects with a {@link SupervisorError}. A
   * second call returns the same promise.
   */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  async #start(): Promise<void> {
    const { umask, pidFile } = this.#own
    if (umask !== null) process.umask(umask)
    const release = pidFile === null ? null : takePidFile(pidFile)
    if (release !== null) void this.#loop.finished.then(release)
    const served = new Promise<void>((resolve) => {
      this.#loop.subscribe(({ type }) => type === 'serving' && resolve())
    })
    this.#loop.start()
    return Promise.race([served, this.#loop.finished.then((outcome) => this.#concludeStart(outcome))])
  }

  /**
   * Ends all workers without losing a request that one has taken, and resolves when they have gone. `quick` does not
   * wait for idle connections. A second call, later than 250 ms after the first, ends them at once.
   */
  stop(mode: StopMode = 'graceful'): Promise<Outcome> {
    this.#loop.stop(mode, 'stop()')
    return this.#loop.finished
  }

  /**
   * Rolls in a new generation of workers, from the app and the env files as they are on the disk by now. Resolves when
   * the new generation alone accepts. Rejects with a {@link SupervisorError} when it could not be rolled in: then the
   * old one serves on, whole. A reload during a reload takes its place, and both settle together.
   */
  reload(): Promise<void> {
    return this.#loop.reload('reload()')
  }

  /** Sets the number of workers, from 1 to 512. Throws a RangeError for anything else. */
  scale(workers: number): void {
    if (!Number.isInteger(workers) || workers < 1 || workers > 512) {
      throw new RangeError(`scale takes a whole number from 1 to 512, not ${workers}`)
    }
    this.#loop.scale(workers - this.#loop.status().wanted)
  }

  /** What the supervisor and each of its workers do at this moment. */
  status(): Snapshot {
    return this.#loop.status()
  }

  /** Settles when the supervisor has ended, for whatever reason. */
  get finished(): Promise<Outcome> {
    return this.#loop.finished
  }

  /** Calls `listener` with everything that happens from now on. Returns the function that ends this. */
  on(listener: (report: SupervisorReport) => void): () => void {
    return this.#loop.subscribe(listener)
  }

  /** Everything that happens from this call on, until the supervisor has ended. */
  events(): AsyncGenerator<SupervisorReport, void, void> {
    return stream((listener) => this.#loop.subscribe(listener), this.#loop.finished)
  }

  #concludeStart(outcome: Outcome): void {
    if (outcome.kind === 'failed') throw bootError(outcome.failure, outcome.worker, this.#app)
    throw new SupervisorError('SUPERVISOR_STOPPED', 'the supervisor was stopped while it started.', 'Start a new one.')
  }
}

/** Reads the options as the command line would read its own. */
function settingsOf(options: SupervisorOptions): LoopSettings {
  const file = { name: 'the options', values: { ...options } }
  const { config, origins } = resolveConfig({ app: null, args: [] }, { flags: {}, env: {}, file, activatedFds: [] })
  if (config.hooks.postFork !== undefined) {
    throw new SupervisorError(
      'SUPERVISOR_OPTION_INVALID',
      'the options: the hook postFork runs in the workers, which a function of this program can not.',
      'Name a module with import instead, or use the command line with a config file.',
    )
  }
  return prepare(config, {
    folder: process.cwd(),
    activatedFds: [],
    configFile: null,
    isBindChosen: origins.bind !== 'default',
    isCheck: false,
  })
}

/**
 * What a listener is told, as a stream that ends with `over`. It listens from this call on, and not only from when the
 * first value is asked for, as a generator would.
 */
function stream<T>(
  subscribe: (listener: (value: T) => void) => () => void,
  over: Promise<unknown>,
): AsyncGenerator<T, void, void> {
  const waiting: T[] = []
  let wake: () => void = () => {}
  let isOver = false
  const end = subscribe((value) => {
    waiting.push(value)
    wake()
  })
  void over.finally(() => {
    isOver = true
    wake()
  })
  return (async function* () {
    try {
      for (;;) {
        yield* waiting.splice(0)
        if (isOver && waiting.length === 0) return
        if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      end()
    }
  })()
}
