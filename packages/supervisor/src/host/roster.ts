import type { Owner } from '../core/owners.ts'
import type { WorkerId } from '../core/types.ts'
import type { ConnectionNews } from '../protocol/connection.ts'
import type { Order } from '../protocol/orders.ts'
import type { Handover } from './handover.ts'
import type { WorkerProcess } from './worker-process.ts'

/** A process, and the generation whose app it runs. */
export interface Launched {
  readonly process: WorkerProcess
  readonly generation: number
  /** Whether SIGUSR1 would reach the app. */
  hasOwnUsr1: boolean
  /** Whether it has loaded its app. */
  isReady: boolean
}

/** The workers' processes that live. */
export class Roster {
  readonly #launched = new Map<WorkerId, Launched>()
  /** Brings connections from one worker to another. Loaded when addresses are to stay with one. */
  #handover: Handover | null = null
  #isLoading = false
  #owners: readonly Owner[] = []

  add(worker: WorkerId, process: WorkerProcess, generation: number): void {
    this.#launched.set(worker, { process, generation, hasOwnUsr1: false, isReady: false })
    process.onConnection = (offered) => this.#handover?.offered(worker, offered)
  }

  remove(worker: WorkerId): void {
    this.#launched.delete(worker)
    this.#handover?.exited(worker)
  }

  /** The numbers of all of them. */
  get ids(): readonly WorkerId[] {
    return [...this.#launched.keys()]
  }

  get(worker: WorkerId): Launched | undefined {
    return this.#launched.get(worker)
  }

  /** Tells a worker something, if it lives. */
  order(worker: WorkerId, order: Order): void {
    this.#launched.get(worker)?.process.order(order)
  }

  /** Tells all who takes connections in from now on. */
  share(owners: readonly Owner[]): void {
    this.#owners = owners
    if (this.#handover !== null) return this.#handover.share(owners)
    if (!this.#isLoading) void this.#load()
  }

  async #load(): Promise<void> {
    this.#isLoading = true
    const { Handover: Own } = await import('./handover.ts')
    this.#handover = new Own(this)
    this.#handover.share(this.#owners)
  }

  /** A worker has told something of a connection that is under way. */
  told(worker: WorkerId, news: ConnectionNews): void {
    this.#handover?.told(worker, news)
  }

  orderAll(order: Order): void {
    for (const { process } of this.#launched.values()) process.order(order)
  }

  /** Tells a worker of a generation that has loaded its app, another one for each attempt. Returns whether there is one. */
  orderOneOf(generation: number, order: Order, attempt = 0): boolean {
    const some = [...this.#launched.values()].filter((other) => other.generation === generation && other.isReady)
    const one = some[attempt % some.length]
    one?.process.order(order)
    return one !== undefined
  }
}
