import cluster from 'node:cluster'
import type { Server } from 'node:net'
import { describeAddress } from '../protocol/address.ts'
import type { ListenQuery } from '../protocol/messages.ts'
import { HANDLE_COMMAND } from '../protocol/names.ts'
import type { HandleMessage, Order } from '../protocol/orders.ts'
import type { Control } from './control.ts'
import { Face, type ListenHandle } from './face.ts'
import type { Inheritance } from './inheritance.ts'
import type { Sticky } from './sticky.ts'
import { isPlainHttp, Tickets } from './tickets.ts'

/*
 * The one place in the worker that touches a private interface of Node: `cluster._getServer`. In a worker,
 * `net.Server.listen()` asks that function for a handle; node:cluster itself answers with a stand-in behind which its
 * primary accepts and passes connections on. We answer with a stand-in too (see face.ts), behind which this worker
 * accepts on the supervisor's own socket: twice the connections per second, and a socket that outlives every worker.
 * Checked at start (`hasSeam`); without it the worker falls back to node:cluster's distribution.
 */
type Answer = (error: number, handle: ListenHandle | null) => void
type Query = Omit<ListenQuery, 'index' | 'fd' | 'flags'> & { readonly fd?: number | null; readonly flags?: number }
type GetServer = (server: Server, query: Query, answer: Answer) => void
const seam = cluster as unknown as { _getServer?: GetServer }

export function hasSeam(): boolean {
  return typeof seam._getServer === 'function'
}

interface Pending {
  readonly server: Server
  readonly query: ListenQuery
  readonly answer: Answer
  readonly release: () => void
}

type Bound = Extract<Order, { readonly type: 'bound' }>

/** Answers the app's `listen()` calls with sockets that the supervisor holds. */
export class Seam {
  readonly #control: Control
  readonly #onServer: (server: Server) => void
  readonly #pending = new Map<number, Pending>()
  readonly #answers = new Map<number, Bound>()
  readonly #handles = new Map<number, ListenHandle>()
  readonly #taken = new Map<string, Set<number>>()
  /** Every listening server's face, and how to let go of the process that it keeps alive until it accepts. */
  readonly faces: Map<Face, () => void> = new Map()
  readonly #tickets = new Tickets()
  /** What sends connections to other workers, where they may have to go there. */
  sticky: Sticky | null = null
  #nextRequest = 0
  /** What is to be asked for once it is known of whom. */
  readonly #held: Parameters<GetServer>[] = []
  readonly #original: GetServer | undefined = seam._getServer
  /** What a spare has been handed in advance. */
  #inheritance: Inheritance | null = null
  #backlog: number | null = null
  #isReceiving = false
  #isAccepting = false
  isDraining = false

  /** `onServer` is told of every server before it listens. */
  constructor(control: Control, onServer: (server: Server) => void) {
    this.#control = control
    this.#onServer = onServer
  }

  /** Lets `listen()` wait until it is known what takes it over. */
  hold(inheritance: Inheritance): void {
    this.#inheritance = inheritance
    if (this.#original === undefined) return
    seam._getServer = (...asked) => void this.#held.push(asked)
    this.#receive()
  }

  #release(): void {
    for (const asked of this.#held.splice(0)) seam._getServer?.(...asked)
  }

  /** Takes over `listen()`, with this backlog if there is one. UDP stays with node:cluster, which shares it well. */
  install(isCheck: boolean, backlog: number | null): void {
    const original = this.#original
    if (original === undefined) return
    this.#backlog = backlog
    seam._getServer = (server, query, answer) => {
      // An app that is only looked at gets no address: one that is live may have it.
      if (isCheck) this.#onServer(server)
      else if (query.addressType === null || [4, 6, -1].includes(query.addressType)) this.#ask(server, query, answer)
      else original.call(cluster, server, query, answer)
    }
    this.#receive()
    this.#release()
  }

  /** Takes what comes over IPC, from as early on as something may come. */
  #receive(): void {
    if (this.#isReceiving) return
    this.#isReceiving = true
    process.on('internalMessage', (message: HandleMessage, handle: ListenHandle) => {
      const { cmd, request } = message
      if (cmd !== HANDLE_COMMAND) return
      this.#control.send({ type: 'received', request })
      if (this.#inheritance?.receive(request, handle) === true) return
      this.#handles.set(request, handle)
      this.#settle(request)
    })
    process.channel?.unref()
  }

  /** Leaves `listen()` to node:cluster, but learns of the servers. */
  observe(): void {
    const original = this.#original
    if (original === undefined) return
    seam._getServer = (server, query, answer) => {
      this.#onServer(server)
      // The IPC channel keeps no process alive, but the answer has to come.
      const release = this.#control.hold()
      const answered: Answer = (error, handle) => {
        release()
        // node:cluster has set the keys of its first worker, just before.
        this.#tickets.keep(server)
        answer(error, handle)
      }
      original.call(cluster, server, query, answered)
    }
    this.#release()
  }

  inherit(order: Extract<Order, { readonly type: 'inherit' }>): void {
    this.#inheritance?.expect(order)
  }

  /** The supervisor's answer to a `listen` message. */
  bound(order: Bound): void {
    this.#answers.set(order.request, order)
    this.#settle(order.request)
  }

  /** New keys for the sessions of TLS. Under node:cluster those of its first worker stay. */
  replaceTickets(ticketKeys: string): void {
    this.#tickets.replace(ticketKeys)
  }

  /** Starts to accept on everything that listens, now and later. Returns libuv's error, if there is one. */
  accept(): { readonly error: number; readonly address: string } | null {
    this.#isAccepting = true
    this.#inheritance?.end()
    for (const [face, release] of this.faces) {
      const error = face.open()
      if (error !== 0) return { error, address: face.address }
      release()
    }
    return null
  }

  /** Stops to accept for good, after what the kernel has queued by now: closing resets what is left in the queue. */
  async drain(): Promise<void> {
    this.isDraining = true
    const deadline = performance.now() + QUEUE_PATIENCE_MS
    for (let seen = -1; seen !== this.#accepted() && performance.now() < deadline;) {
      seen = this.#accepted()
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.shut()
  }

  /** Stops to accept for good, and at once. */
  shut(): void {
    this.isDraining = true
    for (const [face, release] of this.faces) {
      face.shut()
      release()
    }
  }

  #accepted(): number {
    return [...this.faces.keys()].reduce((sum, face) => sum + face.accepted, 0)
  }

  #ask(server: Server, asked: Query, answer: Answer): void {
    this.#onServer(server)
    const { address, port, addressType, fd = null, flags = 0 } = asked
    const key = JSON.stringify([address, port, addressType, fd])
    const taken = this.#taken.get(key) ?? new Set()
    let index = 0
    while (taken.has(index)) index++
    this.#taken.set(key, taken.add(index))
    const query = { address, port, addressType, fd, flags, index }
    const request = this.#nextRequest++
    const pending: Pending = { server, query, answer, release: this.#control.hold() }
    this.#pending.set(request, pending)
    // The keys of TLS may be others by now.
    const inherited = 'setTicketKeys' in server ? null : (this.#inheritance?.take(query) ?? null)
    const isInherited = inherited !== null
    this.#control.send({ type: 'listen', request, query, isHttp: isPlainHttp(server), isInherited })
    if (!isInherited) return
    this.#handles.set(request, inherited)
    // No app expects to be answered while it asks.
    process.nextTick(() => this.bound({ type: 'bound', request, errno: null, ticketKeys: null }))
  }

  /** An answer has two halves, the order and the handle, which come by different ways in any order. */
  #settle(request: number): void {
    const pending = this.#pending.get(request)
    const order = this.#answers.get(request)
    const handle = this.#handles.get(request)
    if (pending === undefined || order === undefined || (order.errno === null && handle === undefined)) return
    this.#pending.delete(request)
    this.#answers.delete(request)
    this.#handles.delete(request)
    if (handle === undefined) this.#refuse(pending, order.errno ?? '')
    else this.#grant(pending, handle, order.ticketKeys)
    pending.release()
  }

  #refuse(pending: Pending, errno: string): void {
    this.#free(pending.query)
    const { errno: numbers } = process.getBuiltinModule('node:os').constants
    pending.answer(-((numbers as Readonly<Record<string, number>>)[errno] ?? numbers.EINVAL), null)
  }

  #grant(pending: Pending, handle: ListenHandle, ticketKeys: string | null): void {
    if (ticketKeys !== null) this.#tickets.share(pending.server, ticketKeys)
    const onClose = (): void => {
      this.faces.get(face)?.()
      this.faces.delete(face)
      this.#free(pending.query)
    }
    const face = new Face(handle, describeAddress(pending.query), this.#isAccepting, onClose, this.#backlog)
    face.listener = JSON.stringify(pending.query)
    this.sticky?.follow(face)
    // Until it accepts, a listening server is nothing that the process would stay alive for.
    const release = this.#control.hold()
    this.faces.set(face, release)
    pending.answer(0, face)
    if (this.isDraining) face.shut()
    else if (this.#isAccepting) release()
  }

  #free(query: ListenQuery): void {
    this.#taken.get(JSON.stringify([query.address, query.port, query.addressType, query.fd]))?.delete(query.index)
  }
}

/** How long a drain goes on accepting what was queued when it began. */
const QUEUE_PATIENCE_MS = 100
