import type { SocketHandle } from './bound-socket.ts'
import { Relay, type EarlyWorker } from './early-workers.ts'
import { WorkerProcess, type Launch } from './worker-process.ts'
import type { ListenQuery, Message } from '../protocol/messages.ts'

export type Warm = Extract<Message, { readonly type: 'warm' }>

/** The sockets that the generation which serves uses. */
export type Sockets = () => readonly { readonly query: ListenQuery; readonly handle: SocketHandle }[]

/** How long a spare may take to leave by itself. */
const LEAVE_MS = 1000

/** A process that waits to become a worker. */
export class Spare implements EarlyWorker {
  readonly process: WorkerProcess
  readonly exited: Promise<void>
  /** The app's own files that it has loaded by now, and whether it has loaded all that it was told. */
  files: readonly string[] = []
  isWarm = false
  readonly #relay = new Relay()
  #isTaken = false
  #hasSockets = false

  constructor(launch: Launch, onWarm: (message: Warm) => void, onDeath: () => void) {
    let exited = (): void => {}
    this.exited = new Promise((resolve) => (exited = resolve))
    this.process = new WorkerProcess(launch, {
      onMessage: (message) => {
        if (this.#isTaken) this.#relay.onMessage(message)
        else if (message.type === 'warm') onWarm(message)
      },
      onReadySignal: () => this.#relay.onReadySignal(),
      onExit: (code, signal) => {
        exited()
        if (this.#isTaken) this.#relay.onExit(code, signal)
        else onDeath()
      },
      onForkFailed: (error) => {
        exited()
        if (this.#isTaken) this.#relay.onForkFailed(error)
        else onDeath()
      },
    })
  }

  connect(listener: Parameters<Relay['connect']>[0]): void {
    this.#relay.connect(listener)
  }

  /** Hands copies of these sockets over. Not earlier: what comes before a process has said anything is lost on it. */
  inherit(sockets: Sockets): void {
    if (this.#hasSockets) return
    this.#hasSockets = true
    for (const [index, { query, handle }] of sockets().entries()) {
      const request = -1 - index
      this.process.order({ type: 'inherit', request, query })
      this.process.sendHandle(request, handle)
    }
  }

  take(): this {
    this.#isTaken = true
    return this
  }

  /** Asks it to leave, which lets packages tidy up; one that is blocked is not waited for. */
  leave(): void {
    this.process.order({ type: 'drain', mode: 'quick', graceMs: 0 })
    const timer = setTimeout(() => this.process.kill('SIGKILL'), LEAVE_MS)
    void this.exited.then(() => clearTimeout(timer))
  }
}
