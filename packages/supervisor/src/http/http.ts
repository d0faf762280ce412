import type { IncomingMessage } from 'node:http'
import type { Server } from 'node:net'
import type { HttpRules } from '../protocol/http-rules.ts'
import { arrivalOf, type Step } from './arrival.ts'
import { limitStep } from './limits.ts'

/** What is done to the HTTP traffic of a worker: one step after the other, in this order, before the app sees it. */
export class Http {
  readonly #steps: readonly Step[]
  readonly #seen = new WeakSet<IncomingMessage>()

  constructor({ limits }: HttpRules) {
    this.#steps = [limitStep(limits)].filter((step) => step !== null)
  }

  /** Is shown every event of a server of the app. Returns whether the app must not hear of it, as it has been answered. */
  treat(server: Server, name: string | symbol, values: readonly unknown[]): boolean {
    const arrival = arrivalOf(server, name, values)
    if (arrival === null) return false
    if (arrival.kind !== 'stream') {
      // The app may emit `request` itself, for one that was expected to go on.
      if (this.#seen.has(arrival.request)) return false
      this.#seen.add(arrival.request)
    }
    return this.#steps.some((step) => step(arrival) === 'answered')
  }
}
