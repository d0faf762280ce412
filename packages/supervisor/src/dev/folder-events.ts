import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import {
  codeOf,
  isLimit,
  isMissing,
  SYSTEM,
  type ChangeSource,
  type Count,
  type Entry,
  type SourceEvents,
  type System,
} from './change-source.ts'
import { Looks } from './looks.ts'
import { withSeparator } from './git-rules.ts'
import { identity, isThere, openFolder, type Identity, type WatchedFolder } from './watched-folder.ts'
import type { WatchedTree } from './watched-tree.ts'

/**
 * The kernel's events: one watch per folder, which tells of all its files, whatever is done to them, and merges nothing.
 *
 * A folder is watched before it is read, so that what is made in between is seen one way or the other.
 */
export class FolderEvents implements ChangeSource {
  readonly #tree: WatchedTree
  readonly #events: SourceEvents
  readonly #system: System
  readonly #folders = new Map<string, WatchedFolder>()
  readonly #opening = new Map<string, Promise<WatchedFolder | null>>()
  /** Folders that are not there, by the nearest one that is. */
  readonly #awaited = new Map<string, Set<string>>()
  readonly #looks = new Looks(async (path) => this.#lookOnce(path))
  /** Folders that have said that they are deleted or moved. */
  readonly #gone = new Set<string>()
  readonly #refused = new Set<string>()
  /** How often a folder was lost: one that was being opened then may be another one now. */
  #losses = 0
  #hasEnded = false

  constructor(tree: WatchedTree, events: SourceEvents, system: System = SYSTEM) {
    this.#tree = tree
    this.#events = events
    this.#system = system
  }

  async start(): Promise<Count> {
    for (const { folder } of this.#tree.rules) await this.#enter(folder, false)
    for (const folder of this.#tree.named().folders) await this.#open(folder)
    const watched = [...this.#folders.values()].filter(({ path }) => this.#tree.isWatched(path))
    return { files: watched.reduce((sum, { files }) => sum + files.size, 0), folders: watched.length }
  }

  watchAlso(files: readonly string[]): void {
    const folders = new Set(files.map((file) => dirname(file)))
    for (const folder of folders) this.#background(this.#open(folder))
  }

  async end(): Promise<void> {
    this.#hasEnded = true
    for (const { watcher } of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  /** Watches a folder and what is below it. In a new one, all files are changes. */
  async #enter(folder: string, isNew: boolean): Promise<void> {
    if ((await this.#open(folder)) === null) return
    await this.#read(folder, isNew)
  }

  async #read(folder: string, isNew: boolean): Promise<void> {
    const entries = await this.#list(folder)
    const watched = this.#folders.get(folder)
    if (watched === undefined) return
    watched.isRead = true
    if (entries.some(({ name }) => name === '.gitignore')) this.#tree.readGitignore(folder)
    const below: Promise<void>[] = []
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (this.#isUnread(path)) below.push(this.#enter(path, isNew))
      } else if (this.#tree.isRelevant(path)) {
        if (entry.isSymbolicLink()) below.push(this.#follow(path))
        if (isNew) this.#events.changed(path)
        watched.files.add(entry.name)
      }
    }
    await Promise.all(below)
  }

  async #list(folder: string): Promise<readonly Entry[]> {
    try {
      return await this.#system.readdir(folder)
    } catch (error) {
      if (isLimit(error)) throw error
      if (!isMissing(error)) this.#refuse(folder, error)
      return []
    }
  }

  /** A link to a file elsewhere: what is written is that file. */
  async #follow(link: string): Promise<void> {
    try {
      const target = await realpath(link)
      if (this.#tree.isRelevant(target)) return
      if (this.#tree.name(target)) await this.#open(dirname(target))
    } catch (error) {
      if (isLimit(error)) throw error
    }
  }

  /** Watches a folder by itself, or waits for it where it is missing. */
  async #open(folder: string): Promise<WatchedFolder | null> {
    const known = this.#folders.get(folder)
    if (known !== undefined) return known
    const opening = this.#opening.get(folder) ?? this.#openNow(folder)
    this.#opening.set(folder, opening)
    return opening.finally(() => this.#opening.delete(folder))
  }

  async #openNow(folder: string): Promise<WatchedFolder | null> {
    if (this.#hasEnded) return null
    const losses = this.#losses
    try {
      const onError = (): void => this.#background(this.#lose(folder))
      const opened = await openFolder(this.#system, folder, (type, name) => this.#onEvent(folder, type, name), onError)
      if (opened !== null && this.#hasEnded) opened.watcher.close()
      if (opened === null || this.#hasEnded) return null
      if (losses !== this.#losses) {
        opened.watcher.close()
        return await this.#openNow(folder)
      }
      this.#folders.set(folder, opened)
      return opened
    } catch (error) {
      if (isLimit(error)) throw error
      // Not part of the opening: it ends in one.
      if (isMissing(error)) this.#background(this.#isNeeded(folder) ? this.#await(folder) : Promise.resolve())
      else this.#refuse(folder, error)
      return null
    }
  }

  /** The nearest folder that is there will tell when this one is, too. */
  async #await(folder: string): Promise<void> {
    const above = dirname(folder)
    if (above === folder) return
    const awaited = this.#awaited.get(above) ?? new Set()
    this.#awaited.set(above, awaited.add(folder))
    // It may have been made before there was a watch to tell.
    if ((await this.#open(above)) !== null) await this.#welcome(folder)
  }

  async #welcome(folder: string): Promise<void> {
    if (!(await isThere(folder))) return
    this.#awaited.get(dirname(folder))?.delete(folder)
    if (this.#tree.isWatched(folder)) await this.#enter(folder, true)
    else await this.#open(folder)
    for (const file of this.#tree.namedIn(folder)) if (await isThere(file)) this.#events.changed(file)
    const awaited = [...(this.#awaited.get(folder) ?? [])]
    await Promise.all(awaited.map(async (deeper) => this.#welcome(deeper)))
  }

  #onEvent(folder: string, type: string, name: string | null): void {
    if (this.#hasEnded || name === null) return
    const path = join(folder, name)
    if (this.#tree.isRelevant(path)) this.#events.changed(path)
    if (type !== 'rename' && name !== '.gitignore') return
    // A folder that is deleted or moved tells so under its own name.
    if (name === basename(folder)) {
      this.#gone.add(folder)
      this.#background(this.#looks.at(folder))
    }
    this.#background(this.#looks.at(path))
  }

  /** Finds out what has become of a path. */
  async #lookOnce(path: string): Promise<void> {
    const found = await identity(path).catch(() => null)
    if (await this.#isLost(path, found)) await this.#lose(path)
    const above = dirname(path)
    const isRule = basename(path) === '.gitignore' && this.#tree.isWatched(above)
    if (isRule && this.#tree.readGitignore(above)) await this.#read(above, false)
    if (found === null) this.#folders.get(above)?.files.delete(basename(path))
    else if (!found.isFolder) await this.#noteFile(path, found.isLink)
    else if (this.#awaited.get(above)?.has(path) === true) await this.#welcome(path)
    else if (this.#isUnread(path)) await this.#enter(path, true)
  }

  /** A new folder may have the inode of the deleted one: the watch knows better, but for a child of the same name. */
  async #isLost(path: string, found: Identity | null): Promise<boolean> {
    const folder = this.#folders.get(path)
    const hasSaidSo = this.#gone.delete(path)
    if (folder === undefined) return false
    if (found === null || found.id !== folder.id) return true
    return hasSaidSo && !(await isThere(join(path, basename(path))))
  }

  async #noteFile(path: string, isLink: boolean): Promise<void> {
    if (!this.#tree.isRelevant(path)) return
    this.#folders.get(dirname(path))?.files.add(basename(path))
    if (isLink) await this.#follow(path)
  }

  /** A watched folder is gone, and with it all that is below; it may come again. */
  async #lose(path: string): Promise<void> {
    this.#losses += 1
    const lost = [...this.#folders.values()].filter((folder) =>
      withSeparator(folder.path).startsWith(withSeparator(path)),
    )
    for (const { path: folder, watcher, files } of lost) {
      watcher.close()
      this.#folders.delete(folder)
      for (const name of files) this.#events.changed(join(folder, name))
    }
    for (const { path: folder } of lost) {
      for (const file of this.#tree.namedIn(folder)) this.#events.changed(file)
      if (!this.#isNeeded(folder)) continue
      if (this.#tree.isRoot(folder)) await this.#enter(folder, true)
      else await this.#open(folder)
    }
  }

  #isUnread(folder: string): boolean {
    return this.#tree.isWatched(folder) && this.#folders.get(folder)?.isRead !== true
  }

  /** Whether a folder is to be watched as soon as it is there: others are found by reading the one above. */
  #isNeeded(folder: string): boolean {
    return this.#tree.isRoot(folder) || this.#tree.namedIn(folder).length > 0 || this.#awaited.has(folder)
  }

  #refuse(folder: string, error: unknown): void {
    if (this.#refused.has(folder)) return
    this.#refused.add(folder)
    this.#events.trouble(
      `can't watch the folder ${folder} (${codeOf(error) || String(error)}): changes in it are not seen`,
    )
  }

  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.#hasEnded) this.#events.failed(error)
    })
  }
}
