import cluster, { type Worker } from 'node:cluster'
import type { Socket } from 'node:net'
import type { ConnectionMessage } from '../protocol/connection.ts'
import { LineReader, toLine } from '../protocol/lines.ts'
import { parseMessage, type Message } from '../protocol/messages.ts'
import { CONNECTION_COMMAND, HANDLE_COMMAND, INSPECT_ARG } from '../protocol/names.ts'
import type { HandleMessage, Order } from '../protocol/orders.ts'
import type { SocketHandle } from './bound-socket.ts'
import { giveSocket, type SocketOwner } from './socket-owner.ts'

/** How a worker's process is started. */
export interface Launch {
  /** The real path of the app's file. */
  readonly app: string
  readonly args: readonly string[]
  readonly folder: string
  readonly execArgv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Given at once, over the control pipe. */
  readonly order?: Order
  /**
   * Where node:cluster distributes, workers get the socket itself rather than one connection after the other: those that
   * were handed to a worker which is killed meanwhile would stay with the supervisor, open and unanswered.
   */
  readonly sharesSockets?: boolean
  /** Whose the worker's Unix sockets are, if it is not who the supervisor is. */
  readonly socketOwner?: SocketOwner
}

/** A connection that a worker has accepted for another one, and the supervisor's copy of it. */
export interface OfferedConnection extends Omit<ConnectionMessage, 'cmd'> {
  readonly handle: { close(): void }
}

/** What goes over IPC, one after the other. */
type Parcel =
  | { readonly kind: 'socket'; readonly request: number; readonly handle: SocketHandle }
  | { readonly kind: 'connection'; readonly offered: OfferedConnection }

export interface ProcessListener {
  onMessage(message: Message): void
  onReadySignal(): void
  onExit(code: number | null, signal: string | null): void
  onForkFailed(error: Error): void
}

function fork(launch: Launch): Worker {
  // It holds from the first fork on.
  if (launch.sharesSockets === true) cluster.schedulingPolicy = cluster.SCHED_NONE
  cluster.setupPrimary({
    exec: launch.app,
    args: [...launch.args],
    cwd: launch.folder,
    execArgv: [...launch.execArgv],
    // Standard input is nobody's: several workers can't read it.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
    // node:cluster takes the option for an inspector that is to be opened, and would number its ports.
    ...(launch.execArgv.includes(INSPECT_ARG) && { inspectPort: 0 }),
    serialization: 'json',
  })
  return cluster.fork(launch.env)
}

/** Where the control pipe is among the worker's descriptors: after stdin, stdout, stderr and the IPC channel. */
const CONTROL_FD = 4

/** How long the last words of a worker that has ended may take to be read. */
const LAST_WORDS_MS = 200

/** The supervisor's end of the control pipe. Where no descriptor was left for the fork, Node makes no pipes at all. */
function pipeOf({ process: { stdio } }: Worker): Socket | null {
  return ((stdio as readonly unknown[] | undefined)?.[CONTROL_FD] as Socket | undefined) ?? null
}

/** A worker as the supervisor sees it: a process, a pipe for messages, and a channel for handles. */
export class WorkerProcess {
  readonly pid: number | undefined
  readonly socketOwner: SocketOwner | null
  readonly #worker: Worker
  readonly #pipe: Socket | null
  /** Is told of each connection that the worker has accepted for another one. */
  onConnection: (offered: OfferedConnection) => void = ({ handle }) => handle.close()
  readonly #parcels: Parcel[] = []
  /** What the worker has not confirmed yet: the number of a request, or the name of a connection. */
  #underWay: number | string | null = null

  constructor(launch: Launch, listener: ProcessListener) {
    this.#worker = fork(launch)
    this.pid = this.#worker.process.pid
    this.socketOwner = launch.socketOwner ?? null
    this.#pipe = pipeOf(this.#worker)
    this.#listen(listener)
    if (launch.order !== undefined) this.order(launch.order)
  }

  order(order: Order): void {
    if (this.#pipe?.writable) this.#pipe.write(toLine(order))
  }

  /**
   * Hands over a copy of a bound socket. At most one is under way: a handle that was sent to a process which does not
   * read stays open until that process ends.
   */
  sendHandle(request: number, handle: SocketHandle): void {
    this.#parcels.push({ kind: 'socket', request, handle })
    this.#sendNext()
  }

  /** Hands over a connection, in its turn. */
  sendConnection(offered: OfferedConnection): void {
    this.#parcels.push({ kind: 'connection', offered })
    this.#sendNext()
  }

  /** Returns false if the connection is on its way already, or more than that. */
  withdrawConnection(id: string): boolean {
    const at = this.#parcels.findIndex((parcel) => nameOf(parcel) === id)
    if (at >= 0) this.#parcels.splice(at, 1)
    return at >= 0
  }

  kill(signal: NodeJS.Signals): void {
    this.#worker.process.kill(signal)
  }

  #listen(listener: ProcessListener): void {
    const reader = new LineReader((line) => {
      const message = parseMessage(line)
      if (message === null) return
      if (message.type === 'received') this.#received(message.request)
      if (message.type === 'connection') this.#received(message.id)
      listener.onMessage(message)
    })
    this.#pipe?.on('data', (chunk) => reader.push(chunk))
    // The process's exit tells what there is to know.
    this.#pipe?.on('error', () => {})
    const { process } = this.#worker
    // PM2's way for an app to say that it is ready.
    process.on('message', (message) => message === 'ready' && listener.onReadySignal())
    process.on('internalMessage', (message: ConnectionMessage, handle: OfferedConnection['handle'] | undefined) => {
      if (message.cmd === CONNECTION_COMMAND && handle !== undefined) this.onConnection({ ...message, handle })
    })
    // Else a channel that breaks, as it does when a worker is killed, would be an uncaught error.
    this.#worker.on('error', (error) => {
      if (process.pid === undefined) listener.onForkFailed(error)
    })
    // Told by node:cluster alone, of what it has bound itself.
    this.#worker.on('listening', ({ address, addressType }) => {
      if (addressType !== -1 || this.socketOwner === null) return
      const text = giveSocket(address, this.socketOwner)
      if (text !== null) listener.onMessage({ type: 'warning', code: 'SUPERVISOR_SOCKET_OWNER', text })
    })
    // `exit` may come before the last words are read off the pipe; `close` of the pipe comes after both.
    let exit: { readonly code: number | null; readonly signal: string | null } | null = null
    let isDrained = this.#pipe === null
    const tell = (): void => {
      if (exit !== null && isDrained) listener.onExit(exit.code, exit.signal)
    }
    process.once('exit', (code, signal) => {
      exit = { code, signal }
      tell()
      // A process of the app's own may hold the other end open: what it will say is no longer the worker's.
      setTimeout(() => this.#pipe?.destroy(), LAST_WORDS_MS).unref()
    })
    this.#pipe?.once('close', () => {
      isDrained = true
      tell()
    })
  }

  #received(name: number | string): void {
    if (this.#underWay !== name) return
    this.#underWay = null
    this.#sendNext()
  }

  #sendNext(): void {
    if (this.#underWay !== null || !this.#worker.process.connected) return
    const next = this.#parcels.shift()
    if (next === undefined) return
    this.#underWay = nameOf(next)
    // A channel that closes meanwhile belongs to a worker that ends: nothing more is to be done for it.
    this.#worker.process.send(messageFor(next), handleOf(next) as unknown as Socket, () => {})
  }
}

function nameOf(parcel: Parcel): number | string {
  return parcel.kind === 'socket' ? parcel.request : parcel.offered.id
}

function handleOf(parcel: Parcel): { close(): void } {
  return parcel.kind === 'socket' ? parcel.handle : parcel.offered.handle
}

function messageFor(parcel: Parcel): HandleMessage | ConnectionMessage {
  if (parcel.kind === 'socket') return { cmd: HANDLE_COMMAND, request: parcel.request }
  const { id, listener, address } = parcel.offered
  return { cmd: CONNECTION_COMMAND, id, listener, address }
}
