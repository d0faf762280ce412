import { statSync, type Stats } from 'node:fs'
import type { LoadedModules } from '../protocol/messages.ts'
import type { EarlyWorker, Reserve } from './early-workers.ts'
import type { HostSettings } from './host-settings.ts'
import { goFor, spareLaunchOf, type Place } from './launch.ts'
import { canGoOn } from './proc.ts'
import { Spare, type Sockets, type Warm } from './spare.ts'
import type { Launch } from './worker-process.ts'

/** How long a spare waits that follows one which died, at first and at most. */
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 5000
/** So many that died one after the other are told, and then it is tried but seldom. */
const MOST_DEATHS = 5
const SELDOM_MS = 60_000

export interface SpareSettings {
  /** Whether they load what the app will want, as far as that is known. */
  readonly isWarm: boolean
  /** Told once when spares keep dying, until `renew`. */
  readonly onTrouble: (text: string) => void
  /** What is handed to those that are warm. */
  readonly sockets: Sockets
}

/**
 * Processes that wait to become workers: in development with the packages of the app loaded, else with nothing of it.
 * Whatever becomes of them, nothing depends on it: a worker for which there is none is forked as ever.
 */
export class Spares implements Reserve {
  readonly #settings: SpareSettings
  readonly #spares = new Set<Spare>()
  readonly #leaving = new Set<Spare>()
  #host: HostSettings | null = null
  #count = 0
  /** What the launch of those that wait has in common. */
  #key = ''
  #loaded: LoadedModules = { modules: [], builtins: [], env: {} }
  /** Modules that could not be loaded in advance, and would make a spare useless. */
  readonly #failed = new Set<string>()
  #deaths = 0
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(settings: SpareSettings) {
    this.#settings = settings
  }

  /** How many wait with everything loaded. */
  get warm(): number {
    return [...this.#spares].filter(({ isWarm }) => isWarm).length
  }

  /** Has so many spares wait, for workers of these settings, from now on. */
  keep(host: HostSettings, count: number): void {
    this.#host = host
    this.#count = count
    const key = keyOf(host)
    if (key !== this.#key) {
      this.#key = key
      return this.renew()
    }
    for (const spare of [...this.#spares].slice(count)) this.#retire(spare)
    this.#fill()
  }

  /** What a worker of the last generation has loaded is loaded in advance from now on. */
  learn({ modules, builtins, env }: LoadedModules): void {
    this.#loaded = { modules, builtins, env }
    for (const spare of this.#spares) this.#warm(spare)
  }

  /** Gives a process away, which has been told to go. Null if there is none that fits. */
  take(host: HostSettings, place: Place): EarlyWorker | null {
    if (keyOf(host) !== this.#key) return null
    // Whoever has killed a worker may have killed these too, of which nothing has been heard yet.
    const forked = [...this.#spares].filter(({ process }) => process.pid !== undefined)
    const able = forked.filter(({ process }) => canGoOn(process.pid ?? 0))
    for (const spare of forked) if (!able.includes(spare)) this.#retire(spare)
    const spare = able.find(({ isWarm }) => isWarm) ?? able[0]
    if (spare === undefined) return null
    this.#spares.delete(spare)
    this.#deaths = 0
    const { index, generation } = place
    spare.process.order({ ...goFor(host, place), place: { index, generation } })
    return spare.take()
  }

  /** Files have changed: those spares leave that have loaded one of them, which `--import` may have brought about. */
  changed(files: readonly string[]): void {
    for (const spare of this.#spares) if (spare.files.some((file) => files.includes(file))) this.#retire(spare)
    // What comes next is fork after fork; the new ones wait for `keep`.
  }

  /** Makes all spares anew: what they have loaded, or read, is no longer what there is. */
  renew(): void {
    for (const spare of this.#spares) this.#retire(spare)
    this.#failed.clear()
    this.#deaths = 0
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#fill()
  }

  /** Resolves when no spare is left. */
  async end(): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#timer)
    for (const spare of this.#spares) this.#retire(spare)
    await Promise.all([...this.#leaving].map((spare) => spare.exited))
  }

  #fill(): void {
    if (this.#isOver || this.#host === null || this.#timer !== undefined) return
    const launch = spareLaunchOf(this.#host)
    while (this.#spares.size < this.#count && this.#fork(launch));
  }

  #fork(launch: Launch): boolean {
    try {
      const spare: Spare = new Spare(
        launch,
        (message) => this.#onWarm(spare, message),
        () => this.#onDeath(spare),
      )
      this.#spares.add(spare)
      this.#warm(spare)
      return true
    } catch {
      this.#died()
      return false
    }
  }

  #warm(spare: Spare): void {
    if (this.#host === null || !this.#settings.isWarm) return
    const { requires, imports } = this.#host.go.preload
    const modules = this.#loaded.modules.filter((module) => !this.#failed.has(module))
    spare.process.order({ type: 'warm', requires, imports, loaded: { ...this.#loaded, modules } })
  }

  #onWarm(spare: Spare, { failed, isUsable, files }: Warm): void {
    if (!this.#spares.has(spare)) return
    spare.files = files
    spare.isWarm = isUsable
    if (isUsable) {
      this.#deaths = 0
      return spare.inherit(this.#settings.sockets)
    }
    for (const module of failed) this.#failed.add(module)
    this.#retire(spare)
    this.#died()
  }

  #onDeath(spare: Spare): void {
    this.#leaving.delete(spare)
    if (this.#spares.delete(spare)) this.#died()
  }

  #died(): void {
    if (this.#isOver || this.#timer !== undefined) return
    this.#deaths++
    if (this.#deaths === MOST_DEATHS) {
      this.#settings.onTrouble(
        `${MOST_DEATHS} processes in a row have ended that were to wait for the next worker: it is forked when it is wanted.`,
      )
    }
    const isHopeless = this.#deaths >= MOST_DEATHS
    const delayMs = isHopeless ? SELDOM_MS : Math.min(FIRST_DELAY_MS * 2 ** (this.#deaths - 1), LONGEST_DELAY_MS)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#fill()
    }, delayMs).unref()
  }

  #retire(spare: Spare): void {
    this.#spares.delete(spare)
    this.#leaving.add(spare)
    // With nothing loaded there is nothing to tidy up. One that is asked while Node starts would outlive a supervisor that
    // stops, and complain of the closed channel.
    if (this.#settings.isWarm) spare.leave()
    else spare.process.kill('SIGKILL')
  }
}

/** Everything that a process can't change about itself later: Node itself, the environment, and the folder it is in. */
function keyOf(host: HostSettings): string {
  const node = lookAt(process.execPath)
  // A release may have been moved away, and another one put in its place.
  const folder = lookAt(host.folder)
  const files = [node?.ino, node?.mtimeMs, folder?.dev, folder?.ino]
  return JSON.stringify([spareLaunchOf(host), host.go.preload, process.env, files])
}

/** Null if it is not there, or this user may not look. */
function lookAt(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}
