import type { Arrival, Step } from './arrival.ts'

/** What Express has on its requests, and others look at too. */
interface Mounted {
  url?: string | undefined
  originalUrl?: string
  baseUrl?: string
}

/** The part of a URL before its path, where a client asks as it would ask a proxy. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i

/**
 * Shows the app its URLs without the path that it is mounted at, whether a proxy has taken that away or not. `originalUrl`
 * has it in both cases, so that a router which adds to `baseUrl` adds to the right one.
 */
export class RootPath {
  readonly #path: string
  /** The whole URLs of HTTP/2, whose requests are made after their streams have come, around the same headers. */
  readonly #wholes = new WeakMap<object, string>()

  constructor(path: string) {
    this.#path = path
  }

  readonly step: Step = (arrival) => {
    if (arrival.kind === 'stream') this.#mountStream(arrival)
    else if (arrival.request.method !== 'CONNECT') this.#mount(arrival.request, arrival.request.url ?? '')
    return 'passed'
  }

  /** Completes a request that Node has made of a stream of HTTP/2. */
  complete(request: { readonly headers: object } | undefined): void {
    const whole = request && this.#wholes.get(request.headers)
    if (whole !== undefined) Object.assign(request ?? {}, { originalUrl: whole, baseUrl: this.#path })
  }

  #mount(request: Mounted, url: string): void {
    const split = this.#split(url)
    if (split === null) return
    request.url = split.inner
    request.originalUrl = split.whole
    request.baseUrl = this.#path
  }

  #mountStream({ headers, rawHeaders }: Extract<Arrival, { readonly kind: 'stream' }>): void {
    const split = this.#split(headers[':path'] ?? '')
    if (split === null) return
    headers[':path'] = split.inner
    const index = rawHeaders.indexOf(':path')
    if (index !== -1) rawHeaders[index + 1] = split.inner
    this.#wholes.set(headers, split.whole)
  }

  /** The URL for the app, and the whole one; null for what has no path (`OPTIONS *`, CONNECT). */
  #split(url: string): { readonly inner: string; readonly whole: string } | null {
    const origin = url.startsWith('/') ? '' : (ORIGIN.exec(url)?.[0] ?? null)
    if (origin === null) return null
    const path = url.slice(origin.length)
    if (!this.#isBelow(path)) return { inner: url, whole: `${origin}${this.#path}${path}` }
    const rest = path.slice(this.#path.length)
    return { inner: `${origin}${rest.startsWith('/') ? '' : '/'}${rest}`, whole: url }
  }

  /** Whether a path begins with ours, by whole segments. */
  #isBelow(path: string): boolean {
    if (!path.startsWith(this.#path)) return false
    const next = path[this.#path.length]
    return next === undefined || next === '/' || next === '?'
  }
}
