import type { Order } from '../protocol/orders.ts'
import type { EarlyWorkers } from './early-workers.ts'

/** What is not as it should be, although it works. */
export interface Warning {
  readonly code: string
  readonly text: string
}

/** What the host needs to know to fork workers that serve. */
export interface HostSettings {
  /** The real path of the app's file. */
  readonly app: string
  /** What the app sees behind its own name in `process.argv`. */
  readonly args: readonly string[]
  /** The folder that the workers run in. */
  readonly folder: string
  /** Variables for the workers; those that are set already win. */
  readonly env: Readonly<Record<string, string>>
  /** Options for the workers' Node. */
  readonly nodeArgs: readonly string[]
  /** The order that every worker starts with. */
  readonly go: Extract<Order, { readonly type: 'go' }>
  /** What is told before the first worker with these settings is forked. */
  readonly warnings: readonly Warning[]
  /** Descriptors of sockets that systemd has passed on. */
  readonly activatedFds: readonly number[]
  /** Processes that have been forked for the first generation before there was a host. */
  readonly early?: EarlyWorkers
}
