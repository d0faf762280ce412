import type { RequestInFlight } from './requests.ts'

/** Where the agent leaves what `@prefork/supervisor/worker` reads: two copies of the package then still understand each other. */
export const AGENT_KEY: symbol = Symbol.for('prefork.agent')

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
  /** For the supervisor, which asks through the inspector while the app blocks the event loop. */
  inFlight(): RequestInFlight[]
}

/** The agent of this process, if a supervisor has started it. */
export function agentApi(): AgentApi | undefined {
  return (globalThis as Record<symbol, unknown>)[AGENT_KEY] as AgentApi | undefined
}
