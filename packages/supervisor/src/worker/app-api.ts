import type { Peers } from '../http/peers.ts'
import { AGENT_SYMBOL } from '../protocol/names.ts'
import type { RequestInFlight } from './requests.ts'

/** Where the agent leaves what `@prefork/supervisor/worker` reads: two copies of the package then still understand each other. */
export const AGENT_KEY: symbol = Symbol.for(AGENT_SYMBOL)

/** Told when the worker is to let go of its clients; the signal aborts when the time for that is over. */
export type DrainListener = (signal: AbortSignal) => void | Promise<void>
/** Told when the last client has gone, before the process exits. */
export type ShutdownListener = () => void | Promise<void>

/** What the agent offers to the app. */
export interface AgentApi {
  readonly index: number
  readonly generation: number
  readonly isReady: boolean
  ready(): Promise<void>
  onDrain(listener: DrainListener): void
  onShutdown(listener: ShutdownListener): void
  /** Who is at the other ends of the connections; null as long as nobody knows who is trusted. */
  peers(): Peers | null
  /** For the supervisor, which asks through the inspector while the app blocks the event loop. */
  inFlight(): RequestInFlight[]
}

/** The agent of this process, if a supervisor has started it. */
export function agentApi(): AgentApi | undefined {
  return (globalThis as Record<symbol, unknown>)[AGENT_KEY] as AgentApi | undefined
}

/** The functions that the app wants to have called when its worker leaves. */
export class AppHooks {
  readonly #drain: DrainListener[] = []
  readonly #shutdown: ShutdownListener[] = []
  readonly #onError: (hook: string, error: unknown) => void

  /** `onError` is told of a listener that throws; the others are called all the same. */
  constructor(onError: (hook: string, error: unknown) => void) {
    this.#onError = onError
  }

  /** Whether the app has nothing to be told. */
  get isEmpty(): boolean {
    return this.#drain.length + this.#shutdown.length === 0
  }

  onDrain(listener: DrainListener): void {
    this.#drain.push(listener)
  }

  onShutdown(listener: ShutdownListener): void {
    this.#shutdown.push(listener)
  }

  /** Tells the app that its clients are to go, and returns when it is done with that, or the time is over. */
  async drain(signal: AbortSignal): Promise<void> {
    const done = Promise.all(this.#drain.map((listener) => this.#call('onDrain', () => listener(signal))))
    const late = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([done, late])
  }

  /** Tells the app that it ends. How long it may take, the supervisor's kill timeout says. */
  async shutdown(): Promise<void> {
    for (const listener of this.#shutdown) await this.#call('onShutdown', listener)
  }

  async #call(hook: string, listener: () => void | Promise<void>): Promise<void> {
    try {
      await listener()
    } catch (error) {
      this.#onError(hook, error)
    }
  }
}
