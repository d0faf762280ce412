import { realpath } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { BootFailure } from '../core/failure.ts'
import type { SupervisorReport } from '../loop.ts'
import { Dependencies, LEFT_TO_APP } from './dependencies.ts'
import { changedSince, Fingerprints } from './fingerprints.ts'
import type { HostSettings } from '../host/host-settings.ts'
import type { OnLoaded, Reserve } from '../host/early-workers.ts'
import type { Sockets } from '../host/spare.ts'
import { Spares } from '../host/spares.ts'
import { LONGEST_TIMER_MS } from '../protocol/names.ts'
import { Loops } from './loops.ts'
import { News } from './news.ts'
import { Watch, type WatchSummary } from './watch.ts'

/** What development needs to know. */
export interface DevelopmentSettings {
  /** The folder that the app runs in. */
  readonly folder: string
  /** Folders to watch. */
  readonly dirs: readonly string[]
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly isPolling: boolean
  readonly delayMs: number
  /** Whether a spare process is kept at hand. */
  readonly isWarm: boolean
  readonly warmExclude: readonly string[]
  /** Env files and the config file: they count wherever they are. */
  readonly ownFiles: readonly string[]
}

/** What development tells besides the core. */
export type DevelopmentReport =
  | ({ readonly type: 'watching' } & WatchSummary)
  | { readonly type: 'warning'; readonly code: string; readonly text: string }
  /** The code does not run, which is shown until the next change. */
  | { readonly type: 'broken'; readonly generation: number; readonly failure: BootFailure }

/** What development needs done. */
export interface DevelopmentHost {
  /** Something is not what was loaded. `isCode`: nothing but files that the app itself has loaded. */
  changed(files: readonly string[], isCode: boolean): void
  report(report: DevelopmentReport): void
  /** The files of the app's own that the generation which serves has loaded. */
  listFiles(): Promise<readonly string[]>
  /** Has a worker that serves tell which modules of packages it has loaded. */
  listModules(exclude: readonly string[]): void
  /** What workers are forked with now. */
  settings(): HostSettings
  readonly sockets: Sockets
  useSpares(spares: Reserve | null, onLoaded: OnLoaded): void
}

/** How many processes wait for the next change. */
const SPARES = 1
/** When a file is compared once more after the switch: it may have been written just before it was read. */
const SECOND_LOOK_MS = 60
/** A request that came in with the change is answered first; then there is time to look at what was loaded. */
const SETTLE_MS = 150

/**
 * Watches what the app is made of. Events tell of a change at once; whatever they say, the files are compared with what
 * they were when they were loaded, so that no edit is lost.
 */
export class Development {
  readonly #host: DevelopmentHost
  readonly #watch: Watch
  readonly #loops: Loops
  readonly #news = new News((paths) => this.#changed(paths))
  readonly #spares: Spares | null
  readonly #dependencies: Dependencies
  /** What counts wherever it is, whether the app has loaded it or not. */
  readonly #ownFiles: readonly string[]
  readonly #warmExclude: readonly string[]
  /** What the generation that serves is known to have loaded. */
  #files: readonly string[] = []
  #prints: Promise<Fingerprints>
  /** Files of packages that the spare has loaded, or is about to. */
  readonly #packages = new Set<string>()
  /** What they were like before any spare that waits has loaded them. */
  #packagePrints: Promise<Fingerprints>[] = []
  #generation = 1
  /** When this generation began to load, by the system's clock, as files have it. The first one: when Node was started. */
  #loadingSince: number = performance.timeOrigin
  /** Watching alone keeps no process up, and where the code is broken there may be nothing else. */
  readonly #presence: NodeJS.Timeout = setInterval(() => {}, LONGEST_TIMER_MS)

  constructor(settings: DevelopmentSettings, host: DevelopmentHost) {
    this.#host = host
    this.#warmExclude = settings.warmExclude
    this.#dependencies = new Dependencies(settings.folder, (text) => this.#warn('SUPERVISOR_DEPENDENCIES', text))
    this.#ownFiles = [...settings.ownFiles, ...this.#dependencies.files]
    this.#spares = settings.isWarm
      ? new Spares({
          isWarm: true,
          onTrouble: (text) => this.#warn('SUPERVISOR_SPARE', text),
          sockets: host.sockets,
        })
      : null
    host.useSpares(this.#spares, (_generation, told) => this.#hear(told))
    this.#loops = new Loops((file) => this.#warn('SUPERVISOR_RELOAD_LOOP', loopText(file)))
    this.#watch = new Watch(
      settings,
      (paths) => this.#news.add(paths),
      (text) => this.#warn('SUPERVISOR_WATCH', text),
    )
    this.#watch.watchAlso(this.#ownFiles)
    this.#prints = Fingerprints.take(this.#ownFiles)
  }

  /** Nothing ends for want of watching: what is saved can still be loaded by hand. */
  async start(): Promise<void> {
    try {
      this.#host.report({ type: 'watching', ...(await this.#watch.start()) })
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      this.#warn('SUPERVISOR_WATCH', `changes are not noticed: ${cause}`)
    }
  }

  async end(): Promise<void> {
    this.#news.end()
    clearInterval(this.#presence)
    this.#dependencies.end()
    await Promise.all([this.#watch.end(), this.#spares?.end()])
  }

  /** Takes in what happens in the supervisor. */
  follow(report: SupervisorReport): void {
    const { type } = report
    // Before anything is loaded: what is written from now on shows.
    if (type === 'changed') this.#prints = Fingerprints.take([...this.#files, ...this.#ownFiles])
    if (type === 'reload-started') {
      this.#generation = report.generation
      this.#loadingSince = Date.now()
      this.#loops.began()
    }
    if (type === 'worker-ready') void this.#compare()
    // It has copies of the sockets, which are to be closed.
    if (type === 'stopping') void this.#spares?.end()
    // The attempt has taken the spare.
    if (type === 'broken') this.#spares?.keep(this.#host.settings(), SPARES)
    if (type !== 'serving' && type !== 'reloaded') return
    this.#loops.served()
    void this.#settle(this.#generation)
  }

  #changed(paths: readonly string[]): void {
    const files = this.#loops.filter(this.#dependencies.filter(paths), this.#files)
    if (files.length === 0) return
    this.#spares?.changed(files)
    // Packages have been installed: a spare has the old ones.
    if (files.some((file) => file.includes('/node_modules/'))) this.#renewSpares()
    this.#host.changed(
      files,
      files.every((file) => this.#files.includes(file) && !this.#ownFiles.includes(file)),
    )
  }

  #hear(told: Parameters<OnLoaded>[1]): void {
    if (told.type === 'modules') {
      const files = told.modules.map((module) => (module.startsWith('file:') ? fileURLToPath(module) : module))
      const added = files.filter((file) => !this.#packages.has(file))
      for (const file of added) this.#packages.add(file)
      if (added.length > 0) this.#packagePrints.push(Fingerprints.take(added))
      this.#spares?.learn(told)
    }
    // Also a boot that has failed tells what it has read: the cause may be in a file that was not known.
    else {
      this.#watch.watchAlso(told.files)
      void this.#lookBack(told.files)
    }
  }

  /** What was not watched yet while it was loaded may have changed since. */
  async #lookBack(files: readonly string[]): Promise<void> {
    const changed = await changedSince(files, this.#loadingSince)
    if (changed.length > 0) this.#news.add(changed)
  }

  async #compare(): Promise<void> {
    const changed = await (await this.#prints).changed()
    if (changed.length > 0) this.#news.add(changed)
  }

  /** Once the new generation serves: a second look, and then at what it has really loaded. */
  async #settle(generation: number): Promise<void> {
    await wait(SECOND_LOOK_MS, undefined, { ref: false })
    if (generation !== this.#generation) return
    await this.#compare()
    await this.#comparePackages()
    await wait(SETTLE_MS, undefined, { ref: false })
    if (generation !== this.#generation) return
    this.#spares?.keep(this.#host.settings(), SPARES)
    this.#host.listModules([...LEFT_TO_APP, ...this.#warmExclude])
    const listed = await this.#host.listFiles()
    if (generation !== this.#generation || listed.length === 0) return
    const before = this.#files
    this.#files = await Promise.all(listed.map((file) => realpath(file).catch(() => file)))
    this.#watch.watchAlso(this.#files)
    this.#prints = Fingerprints.take([...this.#files, ...this.#ownFiles])
    await this.#lookBack(this.#files.filter((file) => !before.includes(file)))
  }

  /**
   * Packages are not watched: while they are installed, nothing works. Who has changed one by hand and reloads gets the one
   * that the spare had loaded before; that is mended here.
   */
  async #comparePackages(): Promise<void> {
    if (this.#spares === null) return
    const prints = await Promise.all(this.#packagePrints)
    const changed = (await Promise.all(prints.map(async (each) => each.changed()))).flat()
    if (changed.length === 0) return
    this.#renewSpares()
    this.#host.changed(changed, false)
  }

  /** What spares have loaded of packages is not what is installed. */
  #renewSpares(): void {
    this.#packagePrints = [Fingerprints.take([...this.#packages])]
    this.#spares?.renew()
  }

  #warn(code: string, text: string): void {
    this.#host.report({ type: 'warning', code, text })
  }
}

function loopText(file: string): string {
  return (
    `${file} changes whenever the app has started: the app seems to write it, and would be started for ever. ` +
    'It does not count any more; name it with --reload-exclude, or have it written elsewhere'
  )
}
