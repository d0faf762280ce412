import type { Order } from '../protocol/orders.ts'
import type { EarlyWorkers } from './early-workers.ts'

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
  /** Descriptors of sockets that systemd has passed on. */
  readonly activatedFds: readonly number[]
  /** Whether workers run as root although nobody has asked for that. */
  readonly areWorkersRoot?: boolean
  /** Processes that have been forked for the first generation before there was a host. */
  readonly early?: EarlyWorkers
}

/** What the supervisor does to its own process, once. */
export interface ProcessSettings {
  /** In octal. */
  readonly umask: string | null
  /** As the user named it. */
  readonly pidFile: string | null
}
