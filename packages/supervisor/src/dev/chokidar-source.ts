import type { FSWatcher } from 'chokidar'
import type { Stats } from 'node:fs'
import { join } from 'node:path'
import { codeOf, isLimit, SYSTEM, type ChangeSource, type Count, type SourceEvents } from './change-source.ts'
import { Fingerprints } from './fingerprints.ts'
import type { WatchedTree } from './watched-tree.ts'

/** The files that the app has loaded are looked at so often. */
const SHORTEST_INTERVAL_MS = 100
const LONGEST_INTERVAL_MS = 2000
/** To look at a file costs about 45 µs of the processor, and all of it together is to stay at a few percent. */
const FILES_PER_MS = 5

type IsIgnored = (path: string, stats: Stats | undefined) => boolean

/**
 * chokidar, which looks at every file again and again, or takes what events a system other than Linux has.
 *
 * Its own change event is throttled, and loses a second save shortly after the first; `raw` tells of all. The others
 * are taken in addition, for what is new and what is gone.
 */
export class ChokidarSource implements ChangeSource {
  readonly #tree: WatchedTree
  readonly #events: SourceEvents
  readonly #isPolling: boolean
  readonly #watchers: FSWatcher[] = []
  readonly #rechecks = new Set<NodeJS.Timeout>()
  #named: FSWatcher | null = null
  #intervalMs = SHORTEST_INTERVAL_MS
  #isReady = false
  #hasEnded = false

  constructor(tree: WatchedTree, events: SourceEvents, isPolling: boolean) {
    this.#tree = tree
    this.#events = events
    this.#isPolling = isPolling
  }

  async start(): Promise<Count> {
    const folders = this.#tree.rules.map(({ folder }) => folder)
    const found = await Promise.all(folders.map(async (folder) => filesIn(folder, this.#tree)))
    const files = found.flatMap(({ files }) => files)
    this.#intervalMs = Math.min(Math.max(files.length / FILES_PER_MS, SHORTEST_INTERVAL_MS), LONGEST_INTERVAL_MS)
    const prints = await Fingerprints.take([...files, ...this.#tree.named().files])
    await this.#watch(folders, this.#intervalMs, (path, stats) => this.#isIgnored(path, stats))
    // Last, so that a file which both watch is looked at as often as this one asks.
    this.#named = await this.#watch([...this.#tree.named().files], SHORTEST_INTERVAL_MS, () => false)
    this.#isReady = true
    this.#recheck(prints)
    return { files: files.length, folders: found.reduce((sum, { folders }) => sum + folders, 0) }
  }

  watchAlso(files: readonly string[]): void {
    // Before the start has come so far it takes them from the tree.
    this.#named?.add([...files])
    this.#startsWith(files)
  }

  async end(): Promise<void> {
    this.#hasEnded = true
    for (const timer of this.#rechecks) clearTimeout(timer)
    await Promise.all(this.#watchers.map(async (watcher) => watcher.close()))
  }

  async #watch(paths: string[], intervalMs: number, isIgnored: IsIgnored): Promise<FSWatcher> {
    const { watch } = await import('chokidar')
    const watcher = watch([], {
      usePolling: this.#isPolling,
      interval: intervalMs,
      binaryInterval: intervalMs,
      ignoreInitial: true,
      ignorePermissionErrors: true,
      followSymlinks: false,
      atomic: false,
      ignored: isIgnored,
    })
    this.#watchers.push(watcher)
    watcher.on('raw', (_, path, details: unknown) => this.#onRaw(path, details))
    watcher.on('all', (event, path) => {
      this.#onPath(path)
      if (event === 'add' && this.#isReady) this.#startsWith([path])
    })
    watcher.on('error', (error) => this.#onError(error))
    if (paths.length > 0) {
      const ready = new Promise<void>((resolve) => watcher.once('ready', resolve))
      watcher.add(paths)
      await ready
    }
    if (this.#hasEnded) await watcher.close()
    return watcher
  }

  /** To poll a file begins with a first look at it, some time later: what is written before goes unnoticed. */
  #startsWith(files: readonly string[]): void {
    if (this.#isPolling) void Fingerprints.take(files).then((prints) => this.#recheck(prints))
  }

  #recheck(prints: Fingerprints): void {
    if (!this.#isPolling || this.#hasEnded) return
    const timer = setTimeout(() => {
      this.#rechecks.delete(timer)
      void prints.changed().then((files) => files.forEach((file) => this.#onPath(file)))
    }, 3 * this.#intervalMs)
    this.#rechecks.add(timer.unref())
  }

  #isIgnored(path: string, stats: Stats | undefined): boolean {
    if (stats === undefined) return false
    if (!stats.isDirectory()) return !this.#tree.isRelevant(path)
    if (!this.#tree.isWatched(path)) return true
    if (this.#isReady) this.#tree.readGitignore(path)
    return false
  }

  /** Polling names the whole path, events name the folder that is watched and what they are about in it. */
  #onRaw(path: string, details: unknown): void {
    const folder = (details as { watchedPath?: unknown } | undefined)?.watchedPath
    if (typeof folder !== 'string') return this.#onPath(path)
    this.#onPath(folder)
    this.#onPath(join(folder, path))
  }

  #onPath(path: string): void {
    if (this.#isReady && !this.#hasEnded && this.#tree.isRelevant(path)) this.#events.changed(path)
  }

  #onError(error: unknown): void {
    if (this.#hasEnded) return
    if (isLimit(error) && !this.#isPolling) this.#events.failed(error)
    else this.#events.trouble(`can't watch everything (${codeOf(error) || String(error)}): some changes are not seen`)
  }
}

interface Found {
  readonly files: string[]
  readonly folders: number
}

async function filesIn(folder: string, tree: WatchedTree): Promise<Found> {
  tree.readGitignore(folder)
  const entries = await SYSTEM.readdir(folder).catch(() => [])
  const files: string[] = []
  let folders = 1
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (!entry.isDirectory()) {
      if (tree.isRelevant(path)) files.push(path)
    } else if (tree.isWatched(path)) {
      const below = await filesIn(path, tree)
      for (const file of below.files) files.push(file)
      folders += below.folders
    }
  }
  return { files, folders }
}
