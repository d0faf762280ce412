import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SYSTEM, type System } from '../../packages/supervisor/src/dev/change-source.ts'
import { Watch, type WatchSettings, type WatchSummary } from '../../packages/supervisor/src/dev/watch.ts'
import { Folder } from '../harness/folder.ts'
import { until, within } from '../harness/until.ts'

export const INCLUDE = ['*.{js,mjs,cjs,ts,mts,cts,json}', '.env*']

/** A watch on a folder of its own, with what it has told. */
export class Watching implements AsyncDisposable {
  readonly #folder: Folder = new Folder()
  readonly path: string = realpathSync(this.#folder.path)
  readonly calls: (readonly string[])[] = []
  readonly troubles: string[] = []
  watch: Watch | null = null

  async start(settings: Partial<WatchSettings> = {}, system: System = SYSTEM): Promise<WatchSummary> {
    const all = { dirs: [this.path], include: INCLUDE, exclude: [], isPolling: false, delayMs: 0, ...settings }
    this.watch = new Watch(
      all,
      (paths) => this.calls.push(paths),
      (text) => this.troubles.push(text),
      system,
    )
    return within('the watch has started', this.watch.start())
  }

  at(name: string): string {
    return join(this.path, name)
  }

  write(name: string, text = name): string {
    mkdirSync(dirname(this.at(name)), { recursive: true })
    writeFileSync(this.at(name), text)
    return this.at(name)
  }

  get seen(): string[] {
    return this.calls.flat().map((path) => path.replace(`${this.path}/`, ''))
  }

  forget(): void {
    this.calls.length = 0
  }

  async untilSeen(...names: string[]): Promise<void> {
    await until(`${names.join(', ')} are seen, of which are ${this.seen.join(', ')}`, () =>
      names.every((name) => this.seen.includes(name)),
    )
  }

  /** What is seen up to a change that is made now, without that. */
  async seenByNow(): Promise<string[]> {
    const name = `mark-${this.#marks++}.js`
    this.write(name)
    await this.untilSeen(name)
    return [...new Set(this.seen.filter((seen) => !seen.startsWith('mark-')))].toSorted()
  }

  /** Saves until it is seen: a watch that is about to be made has no moment of its own at which it is. */
  async untilWatched(name: string): Promise<void> {
    await until(`a change of ${name} is seen`, () => {
      this.write(name, String(performance.now()))
      return this.seen.includes(name)
    })
    await this.seenByNow()
    this.forget()
  }

  #marks = 0

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch?.end()
    this.#folder[Symbol.dispose]()
  }
}
