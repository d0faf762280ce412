import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

/** A save takes several steps, each with an event of its own: emptied or removed, written, its times set. */
const ECHO_MS = 100
/** A file that is empty or gone is about to be written; one that stays so counts after this. */
const HOLD_MS = 20
/** In larger lots, and of larger files, everything counts. */
const MOST_FILES = 16
const MOST_BYTES = 1_000_000

interface Told {
  readonly content: string
  readonly at: number
}

/**
 * Tells a change once, when it is worth loading. Without this the first half of a save would set out with the one
 * process that is warm, and the second half would find none.
 *
 * Files are compared by what they hold, since their times are too coarse: two writes within a tick of the kernel's clock
 * look the same. They are read before they are told, hence before anybody loads them: what comes later shows.
 */
export class News {
  readonly #tell: (paths: readonly string[]) => void
  readonly #told = new Map<string, Told>()
  readonly #held = new Set<string>()
  #heldSince = 0
  #timer: NodeJS.Timeout | undefined

  constructor(tell: (paths: readonly string[]) => void) {
    this.#tell = tell
  }

  /** Something has happened to these files. */
  add(paths: readonly string[]): void {
    if (this.#held.size === 0) this.#heldSince = performance.now()
    for (const path of paths) this.#held.add(path)
    this.#look()
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#held.clear()
  }

  #look(): void {
    clearTimeout(this.#timer)
    const now = performance.now()
    const paths = [...this.#held]
    if (paths.length > MOST_FILES) return this.#flush(paths)
    const contents = new Map(paths.map((path) => [path, contentOf(path)]))
    const restMs = this.#heldSince + HOLD_MS - now
    if (restMs > 0 && [...contents.values()].includes('')) {
      this.#timer = setTimeout(() => this.#look(), restMs)
      return
    }
    const news = paths.filter((path) => !this.#isEcho(path, contents.get(path) ?? null, now))
    for (const path of news) this.#remember(path, contents.get(path) ?? null, now)
    this.#flush(news)
  }

  #isEcho(path: string, content: string | null, now: number): boolean {
    const told = this.#told.get(path)
    return told !== undefined && told.content === content && now - told.at < ECHO_MS
  }

  #remember(path: string, content: string | null, now: number): void {
    if (content === null) this.#told.delete(path)
    else this.#told.set(path, { content, at: now })
  }

  #flush(paths: readonly string[]): void {
    this.#held.clear()
    for (const [path, { at }] of this.#told) if (performance.now() - at > ECHO_MS) this.#told.delete(path)
    if (paths.length > 0) this.#tell(paths)
  }
}

/** What tells contents apart; empty for nothing, null for what is too large to be read in passing. */
function contentOf(path: string): string | null {
  try {
    const { size } = statSync(path)
    if (size > MOST_BYTES) return null
    const bytes = readFileSync(path)
    return bytes.length === 0 ? '' : createHash('sha1').update(bytes).digest('hex')
  } catch {
    return ''
  }
}
