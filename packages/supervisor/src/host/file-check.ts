import { stat } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

/** How long a worker may take to list its files before another one is asked too: it may be blocked, or just die. */
const LIST_PATIENCE_MS = 500
/** How many are asked. */
const LIST_ATTEMPTS = 4

interface Generation {
  /** When its first worker was forked, by the system's clock, as files have it. */
  readonly loadedAt: number
  /** The app's own files that it has loaded, once a worker has listed them. */
  files: Promise<readonly string[]> | null
  onFiles: (files: readonly string[]) => void
}

/**
 * Tells which files a generation has loaded that are not on the disk any more as they were. A worker that replaces one
 * of that generation would run something else.
 */
export class FileCheck {
  readonly #generations = new Map<number, Generation>()
  readonly #ask: (generation: number, attempt: number) => void

  /** `ask` has some worker of the generation list its files, another one for each attempt. */
  constructor(ask: (generation: number, attempt: number) => void) {
    this.#ask = ask
  }

  /** The first worker of a generation is about to load its files. */
  begin(generation: number): void {
    if (this.#generations.has(generation)) return
    this.#generations.set(generation, { loadedAt: Date.now(), files: null, onFiles: () => {} })
  }

  /** A worker has listed its files. */
  listed(generation: number, files: readonly string[]): void {
    this.#generations.get(generation)?.onFiles(files)
  }

  /** Generations that nobody asks for any more are forgotten. */
  keepOnly(generation: number): void {
    for (const other of this.#generations.keys()) if (other !== generation) this.#generations.delete(other)
  }

  /** The files that have changed. */
  async changed(generation: number): Promise<readonly string[]> {
    const known = this.#generations.get(generation)
    if (known === undefined) return []
    known.files ??= this.list(generation)
    const files = await known.files
    if (files.length === 0) known.files = null
    const changes = await Promise.all(files.map((file) => hasChanged(file, known.loadedAt)))
    return files.filter((_, index) => changes[index])
  }

  /** The app's own files that a generation has loaded by now; none if nobody of it can say so. */
  async list(generation: number): Promise<readonly string[]> {
    const known = this.#generations.get(generation)
    if (known === undefined) return []
    const answer = new Promise<readonly string[]>((resolve) => (known.onFiles = resolve))
    for (let attempt = 0; attempt < LIST_ATTEMPTS; attempt++) {
      this.#ask(generation, attempt)
      const files = await Promise.race([answer, wait(LIST_PATIENCE_MS, null, { ref: false })])
      if (files !== null) return files
    }
    return []
  }
}

/** The time of the last change of an inode (ctime) also tells a file that was put in another one's place. */
async function hasChanged(file: string, since: number): Promise<boolean> {
  try {
    return (await stat(file)).ctimeMs > since
  } catch {
    return true
  }
}
