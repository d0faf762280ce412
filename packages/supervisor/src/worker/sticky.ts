import {
  SILENCE_MS,
  type ConnectionMessage,
  type ConnectionNews,
  type ConnectionOrder,
  type OwnersOrder,
} from '../protocol/connection.ts'
import { CONNECTION_COMMAND } from '../protocol/names.ts'
import { ownerOf } from '../protocol/rendezvous.ts'
import type { Control } from './control.ts'
import type { Face } from './face.ts'
import type { Seam } from './seam.ts'

/** How long a worker serves all that it accepts after the supervisor has left it without an answer. */
const RETRY_AFTER_MS = 10_000

/** The part of libuv's handle of a connection that is used. Unix sockets have no peer. */
export interface ConnectionHandle {
  getpeername?(out: { address?: string }): number
  close(): void
}

/** Accepted here, and offered to another worker: ours until we are asked to let go of it. */
interface Stray {
  readonly face: Face
  readonly handle: ConnectionHandle
  readonly timer: NodeJS.Timeout
}

/** Has come from another worker: not ours until we are told to take it. */
interface Guest {
  readonly face: Face
  readonly handle: ConnectionHandle
}

/** Sends connections to the workers that their addresses belong to, and takes in those that belong here. */
export class Sticky {
  readonly #control: Pick<Control, 'send'>
  readonly #seam: Pick<Seam, 'faces' | 'isDraining'>
  readonly #strays = new Map<string, Stray>()
  readonly #guests = new Map<string, Guest>()
  #indexes: readonly number[] = []
  #own: number | null = null
  #count = 0
  /** When the supervisor last left a connection without an answer: for a while all stay where they are accepted then. */
  #unansweredAt: number = Number.NEGATIVE_INFINITY

  constructor(control: Pick<Control, 'send'>, seam: Pick<Seam, 'faces' | 'isDraining'>) {
    this.#control = control
    this.#seam = seam
    // An app may listen before this is loaded.
    for (const face of seam.faces.keys()) this.follow(face)
    process.on('internalMessage', (message: ConnectionMessage, handle: ConnectionHandle | undefined) => {
      if (message.cmd === CONNECTION_COMMAND) this.#receive(message, handle)
    })
    process.once('disconnect', () => this.#end())
  }

  /** How many connections are under way, here or from here. */
  get open(): number {
    return this.#strays.size + this.#guests.size
  }

  /** Sees to it that what comes in there goes where it belongs. */
  follow(face: Face): void {
    face.divert = (connection) => this.#divert(face, connection as ConnectionHandle)
  }

  /** Offers a connection to the worker that it belongs to. Returns false if that is this one, or nobody else. */
  #divert(face: Face, handle: ConnectionHandle): boolean {
    if (process.send === undefined || !process.connected) return false
    const address = addressOf(handle)
    if (address === null) return false
    const owner = ownerOf(address, this.#indexes)
    if (owner === null || owner === this.#own || performance.now() - this.#unansweredAt < RETRY_AFTER_MS) return false
    const id = `${process.pid}-${this.#count++}`
    const timer = setTimeout(() => this.#giveUp(id), SILENCE_MS)
    this.#strays.set(id, { face, handle, timer })
    const message: ConnectionMessage = { cmd: CONNECTION_COMMAND, id, listener: face.listener, address }
    process.send(message, handle as never, {}, (error) => {
      if (error !== null) this.#keep(id)
    })
    return true
  }

  obey(order: OwnersOrder | ConnectionOrder): void {
    this.#unansweredAt = Number.NEGATIVE_INFINITY
    if (order.type === 'owners') {
      this.#indexes = order.indexes
      this.#own = order.own
      return
    }
    const { id, say } = order
    switch (say) {
      case 'let-go':
        return this.#letGo(id)
      case 'keep':
        return this.#keep(id)
      case 'take':
        return this.#take(id)
      case 'forget':
        return this.#forget(id)
    }
  }

  /** The supervisor has gone, and nobody passes anything on any more. */
  #end(): void {
    this.#indexes = []
    for (const id of this.#strays.keys()) this.#keep(id)
    for (const { handle } of this.#guests.values()) handle.close()
    this.#guests.clear()
  }

  #receive({ id, listener }: ConnectionMessage, handle: ConnectionHandle | undefined): void {
    const face = this.#faceFor(listener)
    if (handle === undefined || face === undefined) {
      handle?.close()
      return this.#tell(id, 'unwanted')
    }
    this.#guests.set(id, { face, handle })
    this.#tell(id, 'arrived')
  }

  #faceFor(listener: string): Face | undefined {
    return this.#seam.isDraining ? undefined : [...this.#seam.faces.keys()].find((face) => face.listener === listener)
  }

  /** What has not arrived may never do so: there may be no descriptor left for it. The next one need not wait for it. */
  #forget(id: string): void {
    const guest = this.#guests.get(id)
    if (guest === undefined) return this.#tell(id, 'unwanted')
    this.#guests.delete(id)
    guest.handle.close()
  }

  #take(id: string): void {
    const guest = this.#guests.get(id)
    this.#guests.delete(id)
    guest?.face.take(guest.handle)
  }

  #letGo(id: string): void {
    const stray = this.#strays.get(id)
    // It is served here already, because nothing was heard for too long.
    if (stray === undefined) return this.#tell(id, 'kept')
    this.#settle(id, stray)
    stray.handle.close()
    this.#tell(id, 'gone')
  }

  #keep(id: string): void {
    const stray = this.#strays.get(id)
    if (stray === undefined) return
    this.#settle(id, stray)
    this.#tell(id, 'kept')
    stray.face.take(stray.handle)
  }

  #giveUp(id: string): void {
    this.#unansweredAt = performance.now()
    this.#keep(id)
  }

  #settle(id: string, { timer }: Stray): void {
    clearTimeout(timer)
    this.#strays.delete(id)
  }

  #tell(id: string, say: ConnectionNews['say']): void {
    this.#control.send({ type: 'connection', id, say })
  }
}

/** Where a client is; IPv4 is IPv4 also on a socket that takes both. */
function addressOf(handle: ConnectionHandle): string | null {
  const peer: { address?: string } = {}
  if (handle.getpeername?.(peer) !== 0) return null
  return peer.address?.replace(/^::ffff:(?=\d+\.)/, '') ?? null
}
