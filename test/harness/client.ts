import { Agent, request, type RequestOptions } from 'node:http'
import type { Readable } from 'node:stream'

/** How a request ended. Anything but `ok` is a failure that some user would have seen. */
export type Result = 'ok' | 'refused' | 'reset' | 'hung' | 'wrong'

export interface Answer {
  readonly result: Result
  readonly status?: number
  readonly body: string
  readonly headers?: NodeJS.Dict<string | string[]>
  readonly error?: string
  /** Whether the connection had served a request before. */
  readonly isReused?: boolean
}

export type Tally = Record<Result, number> & {
  /** How many of the resets hit a connection that some process had taken and served before. */
  resetReused: number
  readonly errors: string[]
}

export interface AskOptions extends RequestOptions {
  /** Without an answer for this long the request counts as hung. */
  readonly patienceMs?: number
  /** Sent as the body. */
  readonly send?: string | Readable
}

/** One request. It is never repeated: what a user would see is what it returns. */
export function ask(options: AskOptions): Promise<Answer> {
  const { patienceMs = 10_000, send, ...rest } = options
  return new Promise((resolve) => {
    const outgoing = request({ agent: false, host: '127.0.0.1', ...rest }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => (body += chunk))
      response.on('error', (error) => end({ result: 'reset', body, error: error.message }))
      response.on('end', () => {
        const status = response.statusCode ?? 0
        end({ result: status === 200 ? 'ok' : 'wrong', status, body, headers: response.headers })
      })
    })
    const timer = setTimeout(() => {
      end({ result: 'hung', body: '' })
      outgoing.destroy()
    }, patienceMs)
    const end = (answer: Answer): void => {
      clearTimeout(timer)
      resolve({ ...answer, isReused: outgoing.reusedSocket })
    }
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      end({
        result: error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? 'refused' : 'reset',
        body: '',
        error: `${error.code} ${error.message}`,
      })
    })
    if (typeof send === 'object') send.pipe(outgoing)
    else outgoing.end(send)
  })
}

export interface LoadOptions extends AskOptions {
  readonly clients: number
  /** `fresh`: a connection for each request; `keep-alive`: one connection per client for as long as it is kept. */
  readonly mode: 'fresh' | 'keep-alive'
  /** Is told of each request that fails, and when it was sent (`Date.now`). */
  readonly onFailure?: (answer: Answer, since: number) => void
}

/** Clients that ask one request after the other until they are told to end. */
export class Load {
  readonly tally: Tally = { ok: 0, refused: 0, reset: 0, hung: 0, wrong: 0, resetReused: 0, errors: [] }
  readonly #done: Promise<unknown>
  #isEnded = false

  constructor(options: LoadOptions) {
    const { clients, mode, ...rest } = options
    this.#done = Promise.all(Array.from({ length: clients }, () => this.#run(mode, rest)))
  }

  /** How many requests have been answered well or badly. */
  get total(): number {
    const { ok, refused, reset, hung, wrong } = this.tally
    return ok + refused + reset + hung + wrong
  }

  async end(): Promise<Tally> {
    this.#isEnded = true
    await this.#done
    return this.tally
  }

  async #run(
    mode: LoadOptions['mode'],
    { onFailure, ...options }: Omit<LoadOptions, 'clients' | 'mode'>,
  ): Promise<void> {
    const agent = new Agent({ keepAlive: mode === 'keep-alive', maxSockets: 1 })
    while (!this.#isEnded) {
      const since = Date.now()
      const answer = await ask({ ...options, agent })
      const { result, error, status, isReused } = answer
      this.tally[result]++
      if (result === 'reset' && isReused === true) this.tally.resetReused++
      if (result !== 'ok' && this.tally.errors.length < 20) this.tally.errors.push(`${result} ${error ?? status ?? ''}`)
      if (result !== 'ok') onFailure?.(answer, since)
      // A refusal comes at once: without a turn of the loop in between nothing else would get to run.
      if (result !== 'ok') await new Promise((resolve) => setImmediate(resolve))
    }
    agent.destroy()
  }
}

/** The failures of a load, for an assertion that shows them. */
export function failuresOf({ refused, reset, hung, wrong, errors }: Tally): object {
  return { refused, reset, hung, wrong, errors }
}

export const NO_FAILURES: object = { refused: 0, reset: 0, hung: 0, wrong: 0, errors: [] }
