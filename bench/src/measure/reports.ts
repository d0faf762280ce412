/** A line that a worker's app wrote, and when it came. */
export interface Report {
  readonly what: string
  readonly pid: number
  readonly detail: string
  readonly at: number
}

/** Longer than anything takes on a machine that is merely busy. */
const PATIENCE_MS = 30_000

/** What the apps of a subject have told so far, each with the time at which it came. */
export class Reports {
  readonly #all: Report[] = []
  readonly #looks = new Set<() => void>()
  /** Everything as it came: what does not come from the app explains why nothing more did. */
  #text = ''
  #rest = ''

  take(chunk: string, at: number): void {
    this.#text += chunk
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const [what = '', pid, detail = ''] = line.split(' ')
      this.#all.push({ what, pid: Number(pid), detail, at })
    }
    for (const look of this.#looks) look()
  }

  count(what: string): number {
    return this.#all.filter((report) => report.what === what).length
  }

  /** Waits until there are `count` reports of a kind, at once with the one that completes them. */
  async first(count: number, what: string, isWanted: (report: Report) => boolean = () => true): Promise<Report[]> {
    let onLate: (error: Error) => void = () => {}
    const timer = setTimeout(() => onLate(new Error(`no ${count} times "${what}" in time\n${this.#text}`)), PATIENCE_MS)
    let look: () => void = () => {}
    try {
      return await new Promise<Report[]>((resolve, reject) => {
        onLate = reject
        look = () => {
          const found = this.#all.filter((report) => report.what === what && isWanted(report))
          if (found.length >= count) resolve(found.slice(0, count))
        }
        this.#looks.add(look)
        look()
      })
    } finally {
      clearTimeout(timer)
      this.#looks.delete(look)
    }
  }
}
