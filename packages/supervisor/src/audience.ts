/** Those who are told what happens. */
export class Audience<Told> {
  readonly #listeners = new Set<(told: Told) => void>()

  /** Tells `listener` everything from now on. Returns the function that ends this. */
  subscribe(listener: (told: Told) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A listener that throws is an uncaught error of its program's, and must not come between an event and its effects. */
  tell(told: Told): void {
    for (const listener of this.#listeners) {
      try {
        listener(told)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
