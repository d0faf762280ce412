import { dirname, join } from 'node:path'
import { Bursts } from './bursts.ts'
import {
  codeOf,
  isLimit,
  SYSTEM,
  type ChangeSource,
  type Count,
  type SourceEvents,
  type System,
} from './change-source.ts'
import { checkedFolder } from './checked-folder.ts'
import { ChokidarSource } from './chokidar-source.ts'
import { FolderEvents } from './folder-events.ts'
import { silentFileSystem } from './mount.ts'
import { textOf, WatchedTree } from './watched-tree.ts'
import { WatchRules } from './watch-rules.ts'

export interface WatchSettings {
  /** The folders, absolute. */
  readonly dirs: readonly string[]
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly isPolling: boolean
  readonly delayMs: number
}

export interface WatchSummary {
  readonly files: number
  readonly folders: number
  readonly isPolling: boolean
  /** What to do where changes may not be noticed. */
  readonly hint: string | null
}

/**
 * Tells which files have changed: those below the folders for which the rules hold, and those that the app has loaded.
 *
 * On Linux by one watch of the kernel per folder, else by chokidar; by looking again and again where that is wished, or
 * where the system has no watches left.
 */
export class Watch {
  readonly #settings: WatchSettings
  readonly #onTrouble: (text: string) => void
  readonly #bursts: Bursts
  readonly #system: System
  readonly #named: string[] = []
  #tree: WatchedTree | null = null
  #source: ChangeSource | null = null
  #hasEnded = false

  constructor(
    settings: WatchSettings,
    onChange: (paths: readonly string[]) => void,
    onTrouble: (text: string) => void,
    system: System = SYSTEM,
  ) {
    this.#settings = settings
    this.#onTrouble = onTrouble
    this.#bursts = new Bursts(settings.delayMs, onChange)
    this.#system = system
  }

  /** Rejects with a SupervisorError if a folder can't be watched. */
  async start(): Promise<WatchSummary> {
    const dirs = this.#settings.dirs.map(checkedFolder)
    const tree = new WatchedTree([...new Set(dirs)].map((dir) => this.#rulesOf(dir)))
    this.#tree = tree
    for (const file of this.#named) tree.name(file)
    if (this.#settings.isPolling) return { ...(await this.#poll(tree)), isPolling: true, hint: null }
    try {
      const count = await this.#listen(tree)
      return { ...count, isPolling: false, hint: hintFor(dirs) }
    } catch (error) {
      if (!isLimit(error)) throw error
      this.#onTrouble(explain(error))
      return { ...(await this.#poll(tree)), isPolling: true, hint: null }
    }
  }

  /** Files that count wherever they are: those that the app has loaded. */
  watchAlso(files: readonly string[]): void {
    if (this.#hasEnded) return
    const tree = this.#tree
    if (tree === null) this.#named.push(...files)
    const added = tree === null ? [] : files.filter((file) => tree.name(file))
    if (added.length > 0) this.#source?.watchAlso(added)
  }

  async end(): Promise<void> {
    this.#hasEnded = true
    this.#bursts.end()
    await this.#source?.end()
  }

  #rulesOf(dir: string): WatchRules {
    const root = repositoryOf(dir) ?? dir
    const rules = new WatchRules(dir, root, this.#settings)
    // Files of the folders above apply, too, those of the ones below are read when these are.
    for (const folder of foldersAbove(dir, root)) rules.gitignore(folder, textOf(join(folder, '.gitignore')))
    return rules
  }

  async #listen(tree: WatchedTree): Promise<Count> {
    const events = this.#eventsFor(() => void this.#fallBack(tree))
    const source =
      process.platform === 'linux'
        ? new FolderEvents(tree, events, this.#system)
        : new ChokidarSource(tree, events, false)
    this.#source = source
    try {
      return await source.start()
    } catch (error) {
      await source.end()
      throw error
    }
  }

  async #poll(tree: WatchedTree): Promise<Count> {
    const source = new ChokidarSource(
      tree,
      this.#eventsFor(() => {}),
      true,
    )
    this.#source = source
    return source.start()
  }

  #eventsFor(failed: (error: unknown) => void): SourceEvents {
    let hasFailed = false
    return {
      changed: (path) => this.#bursts.add(path),
      trouble: (text) => this.#onTrouble(text),
      failed: (error) => {
        if (hasFailed || this.#hasEnded) return
        hasFailed = true
        this.#onTrouble(explain(error))
        failed(error)
      },
    }
  }

  /** Events have become impossible while they were taken. */
  async #fallBack(tree: WatchedTree): Promise<void> {
    await this.#source?.end()
    if (this.#hasEnded) return
    await this.#poll(tree).catch((error: unknown) =>
      this.#onTrouble(`files can't be watched any more: ${String(error)}`),
    )
  }
}

/** From the folder above `dir` up to `root`. */
function foldersAbove(dir: string, root: string): string[] {
  if (dir === root) return []
  const above = dirname(dir)
  return [above, ...foldersAbove(above, root)]
}

function repositoryOf(dir: string): string | null {
  for (let folder = dir; ; folder = dirname(folder)) {
    if (textOf(join(folder, '.git', 'HEAD')) !== '' || textOf(join(folder, '.git')).startsWith('gitdir:')) return folder
    if (dirname(folder) === folder) return null
  }
}

function hintFor(dirs: readonly string[]): string | null {
  for (const dir of dirs) {
    const type = silentFileSystem(dir)
    if (type !== null)
      return `${dir} is on a file system (${type}) where changes made outside may not be noticed: if so, use --reload-poll.`
  }
  return null
}

function explain(error: unknown): string {
  if (!isLimit(error))
    return `changes can't be watched (${codeOf(error) || String(error)}): files are looked at again and again instead`
  const name = codeOf(error) === 'ENOSPC' ? 'max_user_watches' : 'max_user_instances'
  const limit = textOf(`/proc/sys/fs/inotify/${name}`).trim()
  return `the system has no room to watch more folders (${codeOf(error)}; fs.inotify.${name} is ${limit || 'unknown'}): files are looked at again and again instead, which is slower. To raise it: sysctl fs.inotify.${name}=524288`
}
