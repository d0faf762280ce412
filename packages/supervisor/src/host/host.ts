import type { Effect, ErrorSummary, Event, WorkerId } from '../core/types.ts'
import { AGENT_TOKEN, WORKER_GENERATION, WORKER_INDEX } from '../protocol/environment.ts'
import { describeAddress } from '../protocol/address.ts'
import type { Message } from '../protocol/messages.ts'
import type { AcceptMode, Binding } from '../protocol/orders.ts'
import { openActivated } from './activation.ts'
import { canBind } from './bound-socket.ts'
import { Listeners, type ListenerReport } from './listeners.ts'
import { WorkerProcess } from './worker-process.ts'

/** What the host needs to know to fork workers that serve. */
export interface HostSettings {
  /** The real path of the app's file. */
  readonly app: string
  readonly bind: readonly Binding[]
  readonly accept: AcceptMode
  readonly gracefulTimeoutMs: number
  /** Descriptors of sockets that systemd has passed on. */
  readonly activatedFds: readonly number[]
}

/** What the host tells besides the events that the core decides on. */
export type HostReport =
  | ListenerReport
  | { readonly type: 'worker-warning'; readonly worker: WorkerId; readonly code: string; readonly text: string }

/** Effects that touch the world; reports are the supervisor's own matter. */
export type Action = Exclude<Effect, { readonly type: 'report' | 'finish' }>

/**
 * How long other workers wait for an answer once one has been told that an address is not to be had. An app that can't
 * do without it ends within this time, and says so once instead of from every worker.
 */
const REFUSAL_HEAD_START_MS = 500

const AGENT: string = new URL('../worker/agent.js', import.meta.url).href

/** Carries out what the core has decided: processes, sockets, orders. Answers with events, failures included. */
export class Host {
  readonly #settings: HostSettings
  readonly #enqueue: (event: Event) => void
  readonly #report: (report: HostReport) => void
  readonly #listeners: Listeners
  readonly #processes = new Map<WorkerId, WorkerProcess>()
  readonly #warned = new Set<string>()
  readonly #refusedAt = new Map<string, number>()

  constructor(settings: HostSettings, enqueue: (event: Event) => void, report: (report: HostReport) => void) {
    this.#settings = settings
    this.#enqueue = enqueue
    this.#report = report
    this.#listeners = new Listeners(openActivated(settings.activatedFds), report)
  }

  perform(action: Action): void {
    switch (action.type) {
      case 'fork':
        return this.#fork(action.worker, action.index, action.generation)
      case 'accept':
        return this.#processes.get(action.worker)?.order({ type: 'accept' })
      case 'drain':
        return this.#processes.get(action.worker)?.order({ type: 'drain', mode: action.mode, graceMs: action.graceMs })
      case 'kill':
        return this.#processes.get(action.worker)?.kill('SIGKILL')
      case 'close-listeners':
        return this.#listeners.close()
    }
  }

  #fork(worker: WorkerId, index: number, generation: number): void {
    const env = {
      [AGENT_TOKEN]: '1',
      [WORKER_INDEX]: String(index),
      [WORKER_GENERATION]: String(generation),
    }
    try {
      const launched = new WorkerProcess(
        { app: this.#settings.app, execArgv: [...process.execArgv, '--import', AGENT], env },
        {
          onMessage: (message) => this.#onMessage(worker, message),
          onExit: (code, signal) => this.#onExit(worker, code, signal),
          onForkFailed: (error) => this.#onForkFailed(worker, error),
        },
      )
      if (launched.pid === undefined) return
      this.#processes.set(worker, launched)
      const { bind, gracefulTimeoutMs, activatedFds } = this.#settings
      const accept = canBind() ? this.#settings.accept : 'cluster'
      launched.order({ type: 'go', accept, bind, isActivated: activatedFds.length > 0, gracefulTimeoutMs })
      this.#enqueue({ type: 'forked', worker, pid: launched.pid })
    } catch (error) {
      this.#onForkFailed(worker, error as Error)
    }
  }

  #onForkFailed(worker: WorkerId, { name, message, code, stack }: NodeJS.ErrnoException): void {
    this.#enqueue({ type: 'fork-failed', worker, error: { name, message, code, stack } })
  }

  #onExit(worker: WorkerId, code: number | null, signal: string | null): void {
    this.#processes.delete(worker)
    this.#enqueue({ type: 'exited', worker, code, signal })
  }

  #onMessage(worker: WorkerId, message: Message): void {
    switch (message.type) {
      case 'listen':
        void this.#answerListen(worker, message)
        return
      case 'received':
        return
      case 'warning':
        return this.#warn(worker, message.code, message.text)
      case 'loaded':
      case 'ready':
      case 'accepting':
      case 'failed':
      case 'threw':
      case 'signalled':
        return this.#enqueue({ ...message, worker })
    }
  }

  /** All workers run the same app, so that each of them has the same to say. */
  #warn(worker: WorkerId, code: string, text: string): void {
    const warning = `${code} ${text}`
    if (this.#warned.has(warning)) return
    this.#warned.add(warning)
    this.#report({ type: 'worker-warning', worker, code, text })
  }

  async #answerListen(worker: WorkerId, message: Extract<Message, { readonly type: 'listen' }>): Promise<void> {
    const { request, query } = message
    const { ticketKeys } = this.#listeners
    const binding = await this.#listeners.get(query)
    if (binding.kind === 'bound') {
      const asker = this.#processes.get(worker)
      asker?.order({ type: 'bound', request, errno: null, ticketKeys })
      asker?.sendHandle(request, binding.handle)
      return
    }
    const address = describeAddress(query)
    await this.#giveHeadStart(address)
    this.#enqueue({ type: 'refused', worker, error: refusal(binding.errno, address) })
    this.#processes.get(worker)?.order({ type: 'bound', request, errno: binding.errno, ticketKeys })
  }

  async #giveHeadStart(address: string): Promise<void> {
    const now = performance.now()
    const since = this.#refusedAt.get(address)
    if (since === undefined || now - since > REFUSAL_HEAD_START_MS) {
      this.#refusedAt.set(address, now)
      return
    }
    await new Promise((resolve) => setTimeout(resolve, since + REFUSAL_HEAD_START_MS - now).unref())
  }
}

function refusal(errno: string, address: string): ErrorSummary {
  return { name: 'Error', message: `bind ${errno} ${address}`, code: errno }
}
