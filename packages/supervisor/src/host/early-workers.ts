import type { WorkerId } from '../core/types.ts'
import type { Message } from '../protocol/messages.ts'
import { launchOf, type Place } from './launch.ts'
import type { HostSettings } from './host-settings.ts'
import { WorkerProcess, type ProcessListener } from './worker-process.ts'

/** The first generation: what the core forks on its event `start`. */
const FIRST_GENERATION = 1

/** A process that was forked before anybody asked for it. */
export interface EarlyWorker {
  readonly process: WorkerProcess
  /** Tells all that has happened so far, and from now on what happens. */
  connect(listener: ProcessListener): void
}

/** Where the host may find a process that has been forked in advance. What it takes has been told to go. */
export interface Reserve {
  take(settings: HostSettings, place: Place): EarlyWorker | null
}

/** Hears what the workers of a generation say that they have loaded, of their own accord where a boot has failed. */
export type OnLoaded = (
  generation: number,
  told: Extract<Message, { readonly type: 'files' | 'modules' }>,
  worker: WorkerId,
) => void

/**
 * The first workers' processes, forked before the supervisor has been loaded to the end: on a machine with several CPUs
 * they start meanwhile. The host takes each over when the core wants a worker in its place.
 *
 * Nothing is decided here. A fork that fails is left to the core, which asks for that worker in any case.
 */
export class EarlyWorkers {
  readonly #byIndex = new Map<number, EarlyWorker>()

  constructor(settings: HostSettings, count: number) {
    for (let index = 0; index < count; index++) {
      const relay = new Relay()
      const process = start(settings, index, relay)
      if (process === null) return
      this.#byIndex.set(index, { process, connect: (listener) => relay.connect(listener) })
    }
  }

  /** The process for a place; null if there is none, or none any more. */
  take(index: number): EarlyWorker | null {
    const early = this.#byIndex.get(index) ?? null
    this.#byIndex.delete(index)
    return early
  }
}

function start(settings: HostSettings, index: number, relay: Relay): WorkerProcess | null {
  try {
    const place = { index, generation: FIRST_GENERATION, requestLimit: null }
    const process = new WorkerProcess(launchOf(settings, place), relay)
    return process.pid === undefined ? null : process
  } catch {
    return null
  }
}

/** Keeps what is told of a process until somebody listens. */
export class Relay implements ProcessListener {
  #listener: ProcessListener | null = null
  readonly #waiting: ((listener: ProcessListener) => void)[] = []

  connect(listener: ProcessListener): void {
    this.#listener = listener
    for (const tell of this.#waiting.splice(0)) tell(listener)
  }

  onMessage(message: Message): void {
    this.#pass((listener) => listener.onMessage(message))
  }

  onReadySignal(): void {
    this.#pass((listener) => listener.onReadySignal())
  }

  onExit(code: number | null, signal: string | null): void {
    this.#pass((listener) => listener.onExit(code, signal))
  }

  onForkFailed(error: Error): void {
    this.#pass((listener) => listener.onForkFailed(error))
  }

  #pass(tell: (listener: ProcessListener) => void): void {
    if (this.#listener === null) this.#waiting.push(tell)
    else tell(this.#listener)
  }
}
