import { Running, type Subject } from '../measure/running.ts'
import { until } from '../measure/until.ts'
import { WORKERS, type Service } from './subject.ts'

/** A contender that runs in the foreground and reloads on HUP. */
export class Signalled implements Service {
  readonly #running: Running
  readonly #reloadsSaid: (running: Running) => number | null

  /** `reloadsSaid` counts the reloads that it has called done; null if it doesn't say. */
  static async start(
    subject: Subject,
    reloadsSaid: (running: Running) => number | null,
    workers: number = WORKERS,
  ): Promise<Signalled> {
    const running = new Running(subject)
    try {
      await running.reports.first(workers, 'listening')
      return new Signalled(running, reloadsSaid)
    } catch (error) {
      const { log } = running
      await running[Symbol.asyncDispose]()
      throw new Error(`${subject.name} did not start. Its log:\n${log}`, { cause: error })
    }
  }

  private constructor(running: Running, reloadsSaid: (running: Running) => number | null) {
    this.#running = running
    this.#reloadsSaid = reloadsSaid
  }

  get pid(): number {
    return this.#running.pid
  }

  get log(): string {
    return this.#running.log
  }

  async reload(): Promise<boolean> {
    const before = this.#reloadsSaid(this.#running)
    process.kill(this.pid, 'SIGHUP')
    if (before === null) return false
    await until('it says that the reload is done', () => {
      if (this.#running.hasEnded) throw new Error('It ended instead of reloading.')
      return (this.#reloadsSaid(this.#running) ?? 0) > before
    })
    return true
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running[Symbol.asyncDispose]()
  }
}
