import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { WatchRules } from './watch-rules.ts'

/** All watched folders together: a file counts if the rules of one of them say so, or if it was named. */
export class WatchedTree {
  readonly rules: readonly WatchRules[]
  /** The files that count wherever they are, by their folder. */
  readonly #named = new Map<string, Set<string>>()

  constructor(rules: readonly WatchRules[]) {
    this.rules = rules
  }

  isRelevant(path: string): boolean {
    return this.isNamed(path) || this.rules.some((rules) => rules.isRelevant(path))
  }

  isNamed(path: string): boolean {
    return this.#named.get(dirname(path))?.has(path) ?? false
  }

  isRoot(folder: string): boolean {
    return this.rules.some((rules) => rules.folder === folder)
  }

  isWatched(folder: string): boolean {
    return this.rules.some((rules) => rules.isWatched(folder))
  }

  /** Adds a file that counts. False if it does already. */
  name(path: string): boolean {
    if (this.isNamed(path)) return false
    const folder = dirname(path)
    const files = this.#named.get(folder) ?? new Set()
    this.#named.set(folder, files.add(path))
    return true
  }

  namedIn(folder: string): readonly string[] {
    return [...(this.#named.get(folder) ?? [])]
  }

  named(): { files: readonly string[]; folders: readonly string[] } {
    return { files: [...this.#named.values()].flatMap((files) => [...files]), folders: [...this.#named.keys()] }
  }

  /** Reads the folder's `.gitignore`. True if the rules are others now. */
  readGitignore(folder: string): boolean {
    const text = textOf(join(folder, '.gitignore'))
    return this.rules.map((rules) => rules.gitignore(folder, text)).includes(true)
  }
}

export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
