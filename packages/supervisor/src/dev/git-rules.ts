import { sep } from 'node:path'
import ignore, { type Ignore } from 'ignore'

/**
 * What git ignores below a folder, by all its `.gitignore` files together.
 *
 * All patterns become one list, those of nested files with the folder in front: only so a nested `!build/` can take back
 * what a file further up ignores, as it does for git.
 */
export class GitRules {
  readonly #root: string
  readonly #texts = new Map<string, string>()
  #matcher: Ignore | null = null

  /** `root` is the folder of the repository, or the watched folder where there is none. */
  constructor(root: string) {
    this.#root = root
  }

  /** Whether a `.gitignore` of this folder says something here. */
  concerns(folder: string): boolean {
    return folder === this.#root || folder.startsWith(withSeparator(this.#root))
  }

  /** The text of the `.gitignore` in `folder`. True if that changes anything. */
  set(folder: string, text: string): boolean {
    if ((this.#texts.get(folder) ?? '') === text) return false
    this.#texts.set(folder, text)
    this.#matcher = null
    return true
  }

  ignores(path: string, isFolder: boolean): boolean {
    const name = path.slice(withSeparator(this.#root).length)
    if (name === '' || this.#texts.size === 0) return false
    this.#matcher ??= this.#build()
    return this.#matcher.ignores(isFolder ? `${name}/` : name)
  }

  #build(): Ignore {
    const matcher = ignore({ allowRelativePaths: true })
    // The last pattern that matches decides: the deeper file comes later.
    const texts = [...this.#texts].toSorted(([one], [other]) => one.length - other.length)
    for (const [folder, text] of texts) {
      const prefix = folder.slice(withSeparator(this.#root).length)
      matcher.add(text.split(/\r?\n/).flatMap((line) => rooted(line, prefix)))
    }
    return matcher
  }
}

/** The pattern of a `.gitignore` in the folder `prefix`, as it would stand in the root's. */
function rooted(line: string, prefix: string): string[] {
  if (line.trim() === '' || line.startsWith('#')) return []
  if (prefix === '') return [line]
  const isNegative = line.startsWith('!')
  const pattern = (isNegative ? line.slice(1) : line).replace(/^\\(?=[#!])/, '')
  // A slash other than the last ties a pattern to the folder of its file.
  const isTied = /\/(?=.)/.test(pattern.trimEnd())
  const place = prefix.replaceAll(/[\\*?[\]!#]/g, '\\$&')
  return [`${isNegative ? '!' : ''}/${place}/${isTied ? pattern.replace(/^\//, '') : `**/${pattern}`}`]
}

export function withSeparator(folder: string): string {
  return folder.endsWith(sep) ? folder : folder + sep
}
