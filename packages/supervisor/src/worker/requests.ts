/** A request that has come and is not over yet, as it is shown to people. */
export interface RequestInFlight {
  readonly method: string
  /** The path with its query, shortened. */
  readonly path: string
  readonly ageMs: number
}

interface Entry {
  readonly method: string
  readonly url: string
  readonly since: number
}

const MOST_SHOWN = 20
const LONGEST_METHOD = 20
const LONGEST_PATH = 200

/** Clients choose what they send: nothing of it shall move a terminal's cursor or turn its text around. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** The requests of all servers of the app: how many there were, and which of them are in flight. */
export class Requests {
  /** How many have come by now: streams of HTTP/2, upgrades and those that were aborted included. */
  total = 0
  /** Whoever asks for this path is told that the worker shuts down, instead of what the app would say. */
  #refusedPath: string | null = null
  /** In the order in which they came, so that the first is the oldest. */
  readonly #inFlight = new Set<Entry>()
  #limit = Number.POSITIVE_INFINITY
  #onLimit: () => void = () => {}

  /** A request has come. Returns the function that ends it. */
  begin(method: string, url: string): () => void {
    const entry = { method, url, since: performance.now() }
    this.#inFlight.add(entry)
    this.count()
    return () => this.#inFlight.delete(entry)
  }

  /** A request has come that is over already, as far as HTTP goes: the app has taken its connection. */
  count(): void {
    if (++this.total === this.#limit) this.#onLimit()
  }

  /** Has `onLimit` called when the total reaches `limit`. */
  watch(limit: number, onLimit: () => void): void {
    this.#limit = limit
    this.#onLimit = onLimit
  }

  /** From now on requests to this path are refused. */
  refuse(path: string): void {
    this.#refusedPath = withoutQuery(path)
  }

  isRefused(url: unknown): boolean {
    return this.#refusedPath !== null && typeof url === 'string' && withoutQuery(url) === this.#refusedPath
  }

  /** What is in flight, oldest first, but not more than anyone would read. */
  oldest(): RequestInFlight[] {
    const now = performance.now()
    return [...this.#inFlight].slice(0, MOST_SHOWN).map(({ method, url, since }) => ({
      method: shown(method, LONGEST_METHOD),
      path: shown(url, LONGEST_PATH),
      ageMs: Math.round(now - since),
    }))
  }
}

function withoutQuery(url: string): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

function shown(text: string, longest: number): string {
  return text.replaceAll(INVISIBLE, '').slice(0, longest)
}
