import type { WorkerId } from '../core/types.ts'
import type { Order } from '../protocol/orders.ts'
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

  add(worker: WorkerId, process: WorkerProcess, generation: number): void {
    this.#launched.set(worker, { process, generation, hasOwnUsr1: false, isReady: false })
  }

  remove(worker: WorkerId): void {
    this.#launched.delete(worker)
  }

  get(worker: WorkerId): Launched | undefined {
    return this.#launched.get(worker)
  }

  /** Tells a worker something, if it lives. */
  order(worker: WorkerId, order: Order): void {
    this.#launched.get(worker)?.process.order(order)
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
