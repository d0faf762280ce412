import type { ListenQuery } from '../protocol/messages.ts'
import type { Order } from '../protocol/orders.ts'
import type { ListenHandle } from './face.ts'

/** Sockets of the generation before, which a spare is handed in advance: its app will want the same, most likely. */
export class Inheritance {
  readonly #requests = new Map<string, number>()
  readonly #handles = new Map<number, ListenHandle>()
  #isOver = false

  /** Such a socket is on its way. */
  expect({ query, request }: Extract<Order, { readonly type: 'inherit' }>): void {
    this.#requests.set(JSON.stringify(query), request)
  }

  /** Returns whether a handle that has come is one of these: they have negative numbers, which nobody has asked for. */
  receive(request: number, handle: ListenHandle): boolean {
    if (request >= 0) return false
    if (this.#isOver) handle.close()
    else this.#handles.set(request, handle)
    return true
  }

  /** The socket for an address, if it has been handed over by now. */
  take(query: ListenQuery): ListenHandle | null {
    const request = this.#requests.get(JSON.stringify(query)) ?? 0
    const handle = this.#handles.get(request)
    this.#handles.delete(request)
    return handle ?? null
  }

  /** The app has what it wants. The other addresses may be given up, for which all copies have to be closed. */
  end(): void {
    this.#isOver = true
    for (const handle of this.#handles.values()) handle.close()
    this.#handles.clear()
  }
}
