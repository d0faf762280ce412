import { Agent } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { ask, type Answer, type AskOptions } from './client.ts'
import { until } from './until.ts'

/** How many bytes `upload()` sends; the apps of `release.ts` answer with that number. */
const UPLOAD_BYTES = 5000
/** How long what the apps of `release.ts` stream at /stream is. */
const STREAM_BYTES = 5000
const PIECE_EVERY_MS = 20
/** Between two short requests of a client: the processors are for the workers that boot. */
const PAUSE_MS = 2
/** Longer than any pause that is not a failure, on a machine that is busy with other things. */
const PATIENCE_MS = 20_000

type Kind = 'fresh' | 'keep-alive' | 'upload' | 'stream'
const KINDS: readonly Kind[] = ['fresh', 'keep-alive', 'upload', 'stream']

/** What a user would have noticed. `failures` has the first ones, of every kind. */
export interface Losses {
  readonly refused: number
  readonly reset: number
  readonly hung: number
  readonly wrong: number
  readonly failures: readonly string[]
}

export const NO_LOSSES: Losses = { refused: 0, reset: 0, hung: 0, wrong: 0, failures: [] }

/**
 * Clients of every kind at once, none of which ever retries: fresh connections, connections that are kept, slow uploads
 * and streamed responses. Each asks one request after the other until `end`.
 */
export class Traffic {
  readonly #answered: Record<Kind, number> = { fresh: 0, 'keep-alive': 0, upload: 0, stream: 0 }
  readonly #losses = { refused: 0, reset: 0, hung: 0, wrong: 0 }
  readonly #failures: string[] = []
  readonly #done: Promise<unknown>
  #isEnded = false

  /** `clients` of each kind. */
  constructor(options: AskOptions, clients = 2) {
    const all = KINDS.flatMap((kind) => Array.from({ length: clients }, () => this.#run(kind, options)))
    this.#done = Promise.all(all)
  }

  get total(): number {
    return KINDS.reduce((sum, kind) => sum + this.#answered[kind], 0)
  }

  /** Waits until each kind has been answered some more times. */
  async more(times = 2): Promise<void> {
    const before = { ...this.#answered }
    await until(
      `clients of each kind have been answered ${times} more times`,
      () => KINDS.every((kind) => this.#answered[kind] >= before[kind] + times),
      PATIENCE_MS * 2,
    )
  }

  /** Lets the requests end that are under way, and returns what was lost. */
  async end(): Promise<Losses> {
    this.#isEnded = true
    await this.#done
    return { ...this.#losses, failures: this.#failures }
  }

  async #run(kind: Kind, options: AskOptions): Promise<void> {
    const agent = new Agent({ keepAlive: kind !== 'fresh', maxSockets: 1 })
    while (!this.#isEnded) {
      const answer = await askAs(kind, { patienceMs: PATIENCE_MS, agent, ...options })
      this.#answered[kind]++
      const { result, error, status, isReused } = answer
      // A refusal, too, comes at once: without a pause nothing else would get to run.
      await wait(PAUSE_MS)
      if (result === 'ok' && isWhole(kind, answer)) continue
      const loss = result === 'ok' ? 'wrong' : result
      this.#losses[loss]++
      const facts = `${error ?? status ?? ''}${isReused === true ? ', on a kept connection' : ''}`
      if (this.#failures.length < 20) this.#failures.push(`${kind}: ${loss} ${facts} ${new Date().toISOString()}`)
    }
    agent.destroy()
  }
}

function askAs(kind: Kind, options: AskOptions): Promise<Answer> {
  switch (kind) {
    case 'fresh':
    case 'keep-alive':
      return ask(options)
    case 'upload':
      return ask({ ...options, path: '/upload', method: 'POST', send: Readable.from(upload()) })
    case 'stream':
      return ask({ ...options, path: '/stream' })
  }
}

async function* upload(): AsyncGenerator<string> {
  for (let sent = 0; sent < UPLOAD_BYTES; sent += 1000) {
    await wait(PIECE_EVERY_MS)
    yield 'x'.repeat(1000)
  }
}

function isWhole(kind: Kind, { body }: Answer): boolean {
  if (kind === 'upload') return body === String(UPLOAD_BYTES)
  return kind !== 'stream' || body.length === STREAM_BYTES
}
