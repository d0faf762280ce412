import { basename, dirname, isAbsolute, relative, sep } from 'node:path'
import picomatch from 'picomatch'
import { GitRules, withSeparator } from './git-rules.ts'

export interface Patterns {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

/** What editors write next to a file that is being edited; `.env*` would match some of it. */
const OF_EDITORS = /~$|^\.?#|^4913$|\.sw[a-z]$|___jb_(tmp|old)___$|\.(tmp|bak|orig|crdownload)$|\.subl\w+\.tmp$/

/** Tells which files below a folder count, and which of its folders are looked into. It reads no file itself. */
export class WatchRules {
  readonly folder: string
  readonly #git: GitRules
  readonly #isIncluded: (path: string) => boolean
  readonly #isNamed: (path: string) => boolean
  readonly #isExcluded: (path: string) => boolean
  /** The folders that patterns name outright, `dist` of `dist/*.js`. */
  readonly #namedFolders: readonly string[]
  readonly #open = new Map<string, boolean>()

  /** `root` is the folder of the git repository, or `folder` itself. */
  constructor(folder: string, root: string, { include, exclude }: Patterns) {
    this.folder = folder
    this.#git = new GitRules(root)
    const named = include.filter((pattern) => !pattern.startsWith('*'))
    this.#isIncluded = matcherOf(include, folder)
    this.#isNamed = matcherOf(named, folder)
    this.#isExcluded = matcherOf(exclude, folder)
    this.#namedFolders = named.map((pattern) => folderOf(withinFolder(pattern, folder))).filter((base) => base !== '')
  }

  /** The text of the `.gitignore` (or of what stands for one) in `folder`. True if the rules are others now. */
  gitignore(folder: string, text: string): boolean {
    if (!this.#git.concerns(folder) || !this.#git.set(folder, text)) return false
    this.#open.clear()
    return true
  }

  /** Whether a change of this file counts. */
  isRelevant(path: string): boolean {
    if (!path.startsWith(withSeparator(this.folder))) return false
    const name = this.#nameOf(path)
    if (OF_EDITORS.test(basename(path)) || !this.#isIncluded(name) || this.#isExcluded(name)) return false
    if (!this.isWatched(dirname(path))) return false
    // Who names a file means it: git ignores `.env` nearly everywhere.
    return this.#isNamed(name) || !this.#git.ignores(path, false)
  }

  /** Whether this folder is looked into. */
  isWatched(folder: string): boolean {
    if (folder === this.folder) return true
    if (!folder.startsWith(withSeparator(this.folder))) return false
    const known = this.#open.get(folder)
    if (known !== undefined) return known
    const isOpen = this.isWatched(dirname(folder)) && this.#isOpen(folder)
    this.#open.set(folder, isOpen)
    return isOpen
  }

  #isOpen(folder: string): boolean {
    const name = this.#nameOf(folder)
    if (this.#isExcluded(name)) return false
    if (this.#namedFolders.some((named) => withSlash(named).startsWith(withSlash(name)))) return true
    const last = basename(folder)
    if (last === 'node_modules' || last.startsWith('.')) return false
    return this.#namedFolders.some((named) => name.startsWith(withSlash(named))) || !this.#git.ignores(folder, true)
  }

  #nameOf(path: string): string {
    return relative(this.folder, path).replaceAll(sep, '/')
  }
}

/** A pattern without a slash is about the name of a file in any folder, one with a slash about the path. */
function matcherOf(patterns: readonly string[], folder: string): (path: string) => boolean {
  const all = patterns.map((pattern) => withinFolder(pattern, folder)).filter((pattern) => pattern !== '')
  if (all.length === 0) return () => false
  return picomatch(
    all.map((pattern) => (pattern.includes('/') ? pattern : `**/${pattern}`)),
    { nonegate: true },
  )
}

function withinFolder(pattern: string, folder: string): string {
  const inside = isAbsolute(pattern) ? relative(folder, pattern) : pattern
  return inside
    .replaceAll(sep, '/')
    .replace(/^(?:\.\/)+/, '')
    .replace(/\/+$/, '')
}

/** The part of a pattern before its first wildcard, as far as it is folders. */
function folderOf(pattern: string): string {
  const { base, isGlob } = picomatch.scan(pattern)
  if (isGlob) return base
  return pattern.includes('/') ? pattern.slice(0, pattern.lastIndexOf('/')) : ''
}

function withSlash(folder: string): string {
  return `${folder}/`
}
