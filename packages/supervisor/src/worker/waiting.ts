import { WORKER_GENERATION, WORKER_INDEX } from '../protocol/names.ts'
import type { Order } from '../protocol/orders.ts'
import { trapErrors } from './boot-trap.ts'
import type { Control } from './control.ts'
import { Inheritance } from './inheritance.ts'
import type { Seam } from './seam.ts'
import type { Servers } from './servers.ts'
import type { Warmth } from './warm.ts'

type Go = Extract<Order, { readonly type: 'go' }>
type Warm = Extract<Order, { readonly type: 'warm' }>

/**
 * The time before go, in a spare. What is loaded in advance can neither end the process nor listen: an error that a
 * module of a package throws later is nobody's, and its servers wait.
 */
export class Waiting {
  readonly #control: Control
  readonly #servers: Servers
  readonly #endTrap: () => void
  #warmth: Promise<Warmth> | null = null
  #isOver = false
  #onGo: (go: Go) => void = () => {}
  readonly #told: Promise<Go>

  constructor(control: Control, seam: Seam, servers: Servers) {
    this.#control = control
    this.#servers = servers
    seam.hold(new Inheritance())
    this.#endTrap = trapErrors(() => {})
    this.#told = new Promise((resolve) => (this.#onGo = resolve))
  }

  /** Returns the order to go, without what has been done of it. */
  async end(): Promise<Go> {
    const go = await this.#told
    const warmth = await this.#warmth
    const isPreloaded = await warmth?.end()
    this.#endTrap()
    if (go.place !== undefined) {
      process.env[WORKER_INDEX] = String(go.place.index)
      process.env[WORKER_GENERATION] = String(go.place.generation)
    }
    return isPreloaded === true ? { ...go, preload: { ...go.preload, requires: [], imports: [] } } : go
  }

  obey(order: Go | Warm): void {
    if (this.#isOver) return
    if (order.type === 'warm') return void this.#warm(order)
    this.#isOver = true
    this.#onGo(order)
  }

  async #warm(order: Warm): Promise<void> {
    this.#warmth ??= import('./warm.ts').then(({ Warmth }) => new Warmth(this.#servers.ignore))
    const warmth = await this.#warmth
    this.#control.send({ type: 'warm', ...(await warmth.load(order)) })
  }
}
