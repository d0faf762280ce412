import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { until } from '../measure/until.ts'
import type { Demand, LoadResult, Mode, News, Order } from './messages.ts'

const CLIENT = fileURLToPath(new URL('client.js', import.meta.url))

/** The client at work, seen from the bench. */
export class Load implements Disposable {
  readonly #process: ChildProcess
  #requests = 0
  #answeredBy: ReadonlySet<number> = new Set()
  #result: LoadResult | null = null

  constructor(port: number, mode: Mode, demand: Demand) {
    this.#process = fork(CLIENT)
    this.#process.on('message', (news: News) => this.#take(news))
    this.#order({ type: 'start', port, mode, demand })
  }

  /** Waits until so many requests more have come to their end. */
  async requests(more: number): Promise<void> {
    const wanted = this.#requests + more
    await this.#until(`${wanted} requests, instead of ${this.#requests}`, () => this.#requests >= wanted)
  }

  /** Waits until somebody else than these has answered. */
  async answerOfOthers(pids: readonly number[]): Promise<void> {
    await this.#until('a new worker answers', () => [...this.#answeredBy].some((pid) => !pids.includes(pid)))
  }

  /** The client does it, which knows what is in flight at that moment. */
  kill(pids: readonly number[]): void {
    this.#order({ type: 'kill', pids })
  }

  async stop(): Promise<LoadResult> {
    this.#order({ type: 'stop' })
    await this.#until('the client ends', () => this.#result !== null)
    if (this.#result === null) throw new Error('The client ended without a result.')
    return this.#result
  }

  [Symbol.dispose](): void {
    this.#process.kill('SIGKILL')
  }

  #until(what: string, isSo: () => boolean): Promise<void> {
    return until(what, () => {
      const hasEnded = this.#process.exitCode !== null || this.#process.signalCode !== null
      if (hasEnded && this.#result === null) throw new Error('The client has ended by itself; see above.')
      return isSo()
    })
  }

  #take(news: News): void {
    if (news.type === 'result') this.#result = news.result
    else {
      this.#requests = news.requests
      this.#answeredBy = new Set(news.answeredBy)
    }
  }

  #order(order: Order): void {
    this.#process.send(order)
  }
}
