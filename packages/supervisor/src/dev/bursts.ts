/** While changes keep coming they are told in ever larger lots. */
const SHORTEST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 80
/** With a delay, changes that never end are told after so many delays nevertheless. */
const MOST_DELAYS = 10

/**
 * Gathers changes into few calls without holding the first one up: it is told at the end of the same turn. What follows
 * soon after is told in lots, the pause between which doubles, so that a checkout of a thousand files gives few.
 */
export class Bursts {
  readonly #delayMs: number
  readonly #tell: (paths: readonly string[]) => void
  #paths = new Set<string>()
  #immediate: NodeJS.Immediate | null = null
  #timer: NodeJS.Timeout | null = null
  #firstAt = 0
  #lastCallAt = -Infinity
  #pauseMs = 0
  #hasEnded = false

  constructor(delayMs: number, tell: (paths: readonly string[]) => void) {
    this.#delayMs = delayMs
    this.#tell = tell
  }

  add(path: string): void {
    if (this.#hasEnded) return
    const now = performance.now()
    if (this.#paths.size === 0) this.#firstAt = now
    this.#paths.add(path)
    if (this.#delayMs > 0) this.#postpone(now)
    else if (this.#immediate === null && this.#timer === null) this.#schedule(now)
  }

  end(): void {
    this.#hasEnded = true
    this.#paths.clear()
    this.#cancel()
  }

  /** Until it has been quiet for the delay. */
  #postpone(now: number): void {
    this.#cancel()
    const latest = this.#firstAt + this.#delayMs * MOST_DELAYS
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, Math.min(this.#delayMs, latest - now)))
  }

  #schedule(now: number): void {
    const quietMs = now - this.#lastCallAt
    if (quietMs >= Math.max(this.#pauseMs * 2, SHORTEST_PAUSE_MS)) this.#pauseMs = 0
    const waitMs = this.#pauseMs - quietMs
    if (waitMs <= 0) this.#immediate = setImmediate(() => this.#flush())
    else this.#timer = setTimeout(() => this.#flush(), waitMs)
  }

  #flush(): void {
    this.#cancel()
    const paths = [...this.#paths]
    this.#paths = new Set()
    this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS)
    this.#lastCallAt = performance.now()
    this.#tell(paths)
  }

  #cancel(): void {
    if (this.#immediate !== null) clearImmediate(this.#immediate)
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#immediate = null
    this.#timer = null
  }
}
