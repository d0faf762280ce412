/** Looks at paths, at each once at a time; at one to which something has happened meanwhile it looks again. */
export class Looks {
  readonly #lookOnce: (path: string) => Promise<void>
  /** The paths that are being looked at; true for those that need another look. */
  readonly #again = new Map<string, boolean>()

  constructor(lookOnce: (path: string) => Promise<void>) {
    this.#lookOnce = lookOnce
  }

  async at(path: string): Promise<void> {
    const isLooking = this.#again.has(path)
    this.#again.set(path, isLooking)
    if (isLooking) return
    try {
      do {
        this.#again.set(path, false)
        await this.#lookOnce(path)
      } while (this.#again.get(path) === true)
    } finally {
      this.#again.delete(path)
    }
  }
}
