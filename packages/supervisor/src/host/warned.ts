/** What workers have warned of. All of them run the same app, so that each has the same to say. */
export class Warned {
  readonly #texts = new Set<string>()

  isNew({ code, text }: { readonly code: string; readonly text: string }): boolean {
    const warning = `${code} ${text}`
    const isNew = !this.#texts.has(warning)
    this.#texts.add(warning)
    return isNew
  }
}
