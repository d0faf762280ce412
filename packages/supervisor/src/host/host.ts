import type { Effect, ErrorSummary, Event, StopMode, WorkerId } from '../core/types.ts'
import { AGENT_TOKEN, WORKER_GENERATION, WORKER_INDEX } from '../protocol/environment.ts'
import { describeAddress } from '../protocol/address.ts'
import type { Message } from '../protocol/messages.ts'
import type { Order } from '../protocol/orders.ts'
import { openActivated } from './activation.ts'
import { canBind } from './bound-socket.ts'
import type { HookRunner } from './hook-runner.ts'
import { Listeners, type Binding, type ListenerReport } from './listeners.ts'
import { WorkerProcess } from './worker-process.ts'

/** What the host needs to know to fork workers that serve. */
export interface HostSettings {
  /** The real path of the app's file. */
  readonly app: string
  /** What the app sees behind its own name in `process.argv`. */
  readonly args: readonly string[]
  /** The folder that the workers run in. */
  readonly folder: string
  /** Variables for the workers; those that are set already win. */
  readonly env: Readonly<Record<string, string>>
  /** Options for the workers' Node. */
  readonly nodeArgs: readonly string[]
  /** The order that every worker starts with. */
  readonly go: Extract<Order, { readonly type: 'go' }>
  /** Descriptors of sockets that systemd has passed on. */
  readonly activatedFds: readonly number[]
}

/** What the host tells besides the events that the core decides on. */
export type HostReport =
  | ListenerReport
  | { readonly type: 'warning'; readonly code: string; readonly text: string }
  | { readonly type: 'worker-warning'; readonly worker: WorkerId; readonly code: string; readonly text: string }

type Fork = Extract<Effect, { readonly type: 'fork' }>

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
  readonly #hooks: HookRunner
  readonly #enqueue: (event: Event) => void
  readonly #report: (report: HostReport) => void
  readonly #listeners: Listeners
  readonly #processes = new Map<WorkerId, WorkerProcess>()
  /** Workers whose fork waits for the hook `preFork`. */
  readonly #waiting = new Set<WorkerId>()
  readonly #warned = new Set<string>()
  readonly #refusedAt = new Map<string, number>()

  constructor(
    settings: HostSettings,
    hooks: HookRunner,
    enqueue: (event: Event) => void,
    report: (report: HostReport) => void,
  ) {
    this.#settings = settings
    this.#hooks = hooks
    this.#enqueue = enqueue
    this.#report = report
    const { activatedFds, go } = settings
    const boundFds = go.bind.flatMap((binding) => (binding.kind === 'fd' ? binding.fd : []))
    this.#listeners = new Listeners(openActivated(activatedFds), [...activatedFds, ...boundFds], report)
  }

  /** Says what is not as it should be, before the first fork. */
  warnOfFallback(): void {
    if (canBind() || this.#settings.go.accept === 'cluster') return
    const text = `this Node (${process.version}) lacks what sockets are held by: node:cluster distributes the connections`
    this.#report({ type: 'warning', code: 'SUPERVISOR_NO_SEAM', text })
  }

  perform(action: Action): void {
    switch (action.type) {
      case 'fork':
        return this.#prepareFork(action)
      case 'accept':
        return this.#processes.get(action.worker)?.order({ type: 'accept' })
      case 'drain':
        return this.#drain(action.worker, action.mode, action.graceMs)
      case 'kill':
        return this.#processes.get(action.worker)?.kill('SIGKILL')
      case 'close-listeners':
        return this.#listeners.close()
    }
  }

  /** Forks at once, unless the hook `preFork` has to be waited for. */
  #prepareFork(action: Fork): void {
    if (!this.#hooks.has('preFork')) return this.#fork(action)
    const { worker, index, generation } = action
    this.#waiting.add(worker)
    void this.#hooks.run('preFork', { worker, index, generation }).then(
      () => this.#waiting.delete(worker) && this.#fork(action),
      (error: Error) => this.#waiting.delete(worker) && this.#onForkFailed(worker, error, 'preFork'),
    )
  }

  /** Tells a worker to leave; one that waits for its hook has not even begun, and never will. */
  #drain(worker: WorkerId, mode: StopMode, graceMs: number): void {
    if (this.#waiting.delete(worker)) return this.#enqueue({ type: 'exited', worker, code: 0, signal: null })
    this.#processes.get(worker)?.order({ type: 'drain', mode, graceMs })
  }

  #fork({ worker, index, generation }: Fork): void {
    const { app, args, folder, nodeArgs, go } = this.#settings
    const env = {
      ...this.#newVariables(),
      [AGENT_TOKEN]: '1',
      [WORKER_INDEX]: String(index),
      [WORKER_GENERATION]: String(generation),
    }
    try {
      const launched = new WorkerProcess(
        { app, args, folder, execArgv: [...process.execArgv, ...nodeArgs, '--import', AGENT], env },
        {
          onMessage: (message) => this.#onMessage(worker, message),
          onReadySignal: () => {
            this.#processes.get(worker)?.order({ type: 'app-ready' })
          },
          onExit: (code, signal) => this.#onExit(worker, code, signal),
          onForkFailed: (error) => this.#onForkFailed(worker, error),
        },
      )
      if (launched.pid === undefined) return
      this.#processes.set(worker, launched)
      launched.order({ ...go, accept: canBind() ? go.accept : 'cluster' })
      this.#enqueue({ type: 'forked', worker, pid: launched.pid })
    } catch (error) {
      this.#onForkFailed(worker, error as Error)
    }
  }

  /** What env files say, where the environment says nothing. */
  #newVariables(): Readonly<Record<string, string>> {
    const entries = Object.entries(this.#settings.env)
    return Object.fromEntries(entries.filter(([name]) => process.env[name] === undefined))
  }

  #onForkFailed(worker: WorkerId, { name, message, code, stack }: NodeJS.ErrnoException, hook?: string): void {
    const error = { name, message, code, stack }
    this.#enqueue({ type: 'fork-failed', worker, error, ...(hook !== undefined && { hook }) })
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
      case 'progress':
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
    // The supervisor stops, and so does the worker: an error would only be one more for the app to stumble over.
    if (binding.errno === 'ECANCELED') return
    const address = describeAddress(query)
    await this.#giveHeadStart(address)
    this.#enqueue({ type: 'refused', worker, error: refusal(binding, address) })
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

function refusal({ errno, isOwn }: Extract<Binding, { readonly kind: 'refused' }>, address: string): ErrorSummary {
  return { name: 'Error', message: `bind ${errno} ${address}`, code: isOwn ? 'OWN_ADDRESS' : errno }
}
