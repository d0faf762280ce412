/** What changes so soon after a start, in so many of them in a row, is written by the app itself. */
const SOON_MS = 1000
const MOST_TIMES = 5
const CODE = /\.[cm]?[jt]sx?$/

/** How far the start is that a change may be the consequence of; null if it has brought about one already. */
type Start = { readonly kind: 'loading' } | { readonly kind: 'served'; readonly at: number } | null

/**
 * Finds files that the app writes when it starts: each start would be the cause of the next one. Who saves again and again
 * is no app: files that it has loaded are never left out, nor is code as long as nobody knows what it has loaded.
 */
export class Loops {
  readonly #onLoop: (file: string) => void
  readonly #counts = new Map<string, number>()
  readonly #left = new Set<string>()
  #start: Start = null

  /** `onLoop` is told of each such file, once. */
  constructor(onLoop: (file: string) => void) {
    this.#onLoop = onLoop
  }

  /** A generation is about to load. */
  began(): void {
    this.#start = { kind: 'loading' }
  }

  /** A generation serves. */
  served(): void {
    this.#start = { kind: 'served', at: performance.now() }
  }

  /** The files that count among those that have changed. `loaded` are those that the app is known to have loaded. */
  filter(files: readonly string[], loaded: readonly string[]): string[] {
    const start = this.#start
    // One save may be seen several times; it is counted once for each start.
    this.#start = null
    if (start?.kind === 'served' && performance.now() - start.at >= SOON_MS) this.#counts.clear()
    else if (start !== null) for (const file of files) if (isSuspect(file, loaded)) this.#count(file)
    return files.filter((file) => !this.#left.has(file) || loaded.includes(file))
  }

  #count(file: string): void {
    const count = (this.#counts.get(file) ?? 0) + 1
    this.#counts.set(file, count)
    if (count < MOST_TIMES || this.#left.has(file)) return
    this.#left.add(file)
    this.#onLoop(file)
  }
}

function isSuspect(file: string, loaded: readonly string[]): boolean {
  return loaded.length > 0 ? !loaded.includes(file) : !CODE.test(file)
}
