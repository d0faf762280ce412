import type { EarlyWorker, Reserve } from './early-workers.ts'
import type { HostSettings } from './host-settings.ts'
import { canWait, type Place } from './launch.ts'
import type { Spares } from './spares.ts'

/** The spares of production. What they need is loaded when the first ones are wanted, which is after the first boot. */
export class Standby implements Reserve {
  readonly #onTrouble: (text: string) => void
  #spares: Spares | null = null
  #loading: Promise<void> | null = null
  #keep: (spares: Spares) => void = () => {}
  #timer: NodeJS.Timeout | undefined

  /** `onTrouble` is told when there can be no spares. */
  constructor(onTrouble: (text: string) => void) {
    this.#onTrouble = onTrouble
  }

  /** Has so many spares wait, after a while. What was asked for before does not count any more. */
  keep(settings: HostSettings, count: number, delayMs: number): void {
    clearTimeout(this.#timer)
    // What Node itself loads when a process starts may be another by the time at which that is wanted.
    this.#keep = (spares) => spares.keep(settings, canWait(settings) ? count : 0)
    // Where there have been none, nothing is loaded in order to have none.
    if (count === 0 && this.#loading === null) return
    if (delayMs === 0) return this.#apply()
    this.#timer = setTimeout(() => this.#apply(), delayMs).unref()
  }

  take(settings: HostSettings, place: Place): EarlyWorker | null {
    return this.#spares?.take(settings, place) ?? null
  }

  #apply(): void {
    if (this.#spares !== null) return this.#keep(this.#spares)
    if (this.#loading === null) this.#loading = this.#load()
  }

  async #load(): Promise<void> {
    try {
      const { Spares: Own } = await import('./spares.ts')
      this.#spares = new Own({ isWarm: false, onTrouble: this.#onTrouble, sockets: () => [] })
      this.#keep(this.#spares)
    } catch (error) {
      // The package may be replaced on the disk at this moment.
      this.#onTrouble(`No process waits for the next worker, as that could not be loaded: ${(error as Error).message}`)
    }
  }
}
