import { LineReader, toLine } from '../protocol/lines.ts'
import type { Message } from '../protocol/messages.ts'
import type { Order } from '../protocol/orders.ts'

const { Socket } = process.getBuiltinModule('node:net')

/** The descriptor of the control pipe in a worker, by the order of `stdio` in the supervisor's fork. */
const CONTROL_FD = 4

/**
 * The worker's end of the control pipe.
 *
 * It keeps the process alive only while somebody holds it: an app that has nothing left to do shall end as it would
 * without a supervisor.
 */
export class Control {
  readonly #socket = new Socket({ fd: CONTROL_FD, readable: true, writable: true })
  #holds = 0

  constructor(onOrder: (order: Order) => void, onSupervisorGone: () => void) {
    const reader = new LineReader((line) => {
      const order = parseOrder(line)
      if (order !== null) onOrder(order)
    })
    this.#socket.on('data', (chunk) => reader.push(chunk))
    // The end of the pipe is the end of the supervisor, whichever way it shows.
    this.#socket.on('error', () => {})
    this.#socket.on('close', onSupervisorGone)
    this.#socket.unref()
  }

  send(message: Message): void {
    if (this.#socket.writable) this.#socket.write(toLine(message))
  }

  /** Keeps the process alive until the returned function is called. */
  hold(): () => void {
    if (this.#holds++ === 0) this.#socket.ref()
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      if (--this.#holds === 0) this.#socket.unref()
    }
  }
}

/** Reads an order. It comes from our own supervisor, of this very version: only its shape as JSON is in doubt. */
export function parseOrder(line: string): Order | null {
  try {
    return JSON.parse(line) as Order
  } catch {
    return null
  }
}
