import { createRequire } from 'node:module'
import { onTestFinished } from 'vitest'
import { ROOT } from '../../harness/cli.ts'
import { until } from '../../harness/until.ts'

/** What an app answers. */
export interface Reply {
  readonly question: number
  readonly pid: number
  readonly generation: number
}

/** The part of socket.io's client that is used. */
interface Client {
  readonly connected: boolean
  readonly io: { readonly engine: { readonly transport: { readonly name: string } } }
  on(event: string, listener: (reason: Error | string) => void): void
  timeout(ms: number): { emitWithAck(event: string, value: number): Promise<Reply> }
  close(): void
}

type Connect = (url: string, options: object) => Client
const requireFrom = createRequire(`${ROOT}test/frameworks/package.json`)
const { io } = requireFrom('socket.io-client') as { readonly io: Connect }

/** How long an answer may take before it is asked for again, on a connection that has been made anew. */
const ANSWER_MS = 5000

/** A client of socket.io that asks one question after the other, and asks again when the connection was lost meanwhile. */
export class Talk {
  readonly errors: string[] = []
  readonly disconnects: string[] = []
  readonly replies: Reply[] = []
  readonly #client: Client
  #isEnded = false

  constructor(port: number, options: object) {
    this.#client = io(`http://127.0.0.1:${port}`, { forceNew: true, reconnectionDelay: 10, ...options })
    this.#client.on('connect_error', (error) => this.errors.push(String(error)))
    this.#client.on('disconnect', (reason) => this.disconnects.push(String(reason)))
    onTestFinished(() => this.end())
    void this.#ask()
  }

  get transport(): string {
    return this.#client.io.engine.transport.name
  }

  /** Waits for an answer to a question that was asked from now on. */
  async next(): Promise<Reply> {
    const asked = this.replies.length + 1
    return until('a new answer', () => this.replies[asked])
  }

  end(): void {
    this.#isEnded = true
    this.#client.close()
  }

  async #ask(): Promise<void> {
    while (!this.#isEnded) {
      try {
        this.replies.push(await this.#client.timeout(ANSWER_MS).emitWithAck('ask', this.replies.length))
      } catch {
        // The connection has gone with the question: it is asked again.
      }
    }
  }
}
