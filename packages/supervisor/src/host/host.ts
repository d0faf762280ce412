import type { Effect } from '../core/effect.ts'
import type { Event } from '../core/event.ts'
import type { DrainMode, WorkerId } from '../core/types.ts'
import type { Verdict } from '../core/verdict.ts'
import type { Message } from '../protocol/messages.ts'
import type { Order } from '../protocol/orders.ts'
import { AddressDesk } from './address-desk.ts'
import { DebugPorts } from './debug-ports.ts'
import type { OnLoaded, Reserve } from './early-workers.ts'
import { FileCheck } from './file-check.ts'
import type { HookRunner } from './hook-runner.ts'
import type { HostReport } from './host-report.ts'
import type { HostSettings } from './host-settings.ts'
import { inspect } from './inspect.ts'
import { launchOf } from './launch.ts'
import type { Listeners } from './listeners.ts'
import { Roster } from './roster.ts'
import { Standby } from './standby.ts'
import { Warned, warningsOf } from './warnings.ts'
import { WorkerProcess, type ProcessListener } from './worker-process.ts'

export type { HostReport } from './host-report.ts'

type Fork = Extract<Effect, { readonly type: 'fork' }>

/** Effects that touch processes and sockets; the others are the loop's own matter. */
export type Action = Exclude<Effect, { readonly type: 'report' | 'finish' | 'prepare' | 'fork-page' }>

/** Carries out what the core has decided: processes, sockets, orders. Answers with events, failures included. */
export class Host {
  readonly #generations = new Map<number, HostSettings>()
  readonly #hooks: HookRunner
  readonly #enqueue: (event: Event) => void
  readonly #report: (report: HostReport) => void
  readonly #addresses: AddressDesk
  readonly #files = new FileCheck((generation, attempt) => {
    this.#roster.orderOneOf(generation, { type: 'list-files' }, attempt)
  })
  readonly #roster = new Roster()
  readonly #debugPorts = new DebugPorts()
  /** Workers whose fork waits for the hook `preFork`. */
  readonly #waiting = new Set<WorkerId>()
  readonly #warned = new Warned()
  readonly #standby = new Standby((text) => this.#report({ type: 'warning', code: 'SUPERVISOR_SPARE', text }))
  #spares: Reserve | null = this.#standby
  #onLoaded: OnLoaded = () => {}

  constructor(
    activatedFds: readonly number[],
    hooks: HookRunner,
    enqueue: (event: Event) => void,
    report: (report: HostReport) => void,
  ) {
    this.#hooks = hooks
    this.#enqueue = enqueue
    this.#report = report
    this.#addresses = new AddressDesk(activatedFds, report, (ticketKeys) =>
      this.#roster.orderAll({ type: 'ticket-keys', ticketKeys }),
    )
  }

  /** Makes a generation known, before its first worker is forked, and says what is not as it should be. */
  addGeneration(generation: number, settings: HostSettings): void {
    this.#generations.set(generation, settings)
    this.#addresses.listeners.allowFds(settings.go.bind.flatMap((binding) => (binding.kind === 'fd' ? binding.fd : [])))
    for (const warning of warningsOf(settings)) if (this.#warned.isNew(warning)) this.#report(warning)
  }

  /** The sockets that the app's workers share. */
  get listeners(): Listeners {
    return this.#addresses.listeners
  }

  /** In development: where processes may be had that are warm already, and who is told what workers have loaded. */
  useSpares(spares: Reserve | null, onLoaded: OnLoaded): void {
    this.#spares = spares
    this.#onLoaded = onLoaded
  }

  /** Has a worker of a generation tell what it has loaded. Returns whether there is one. */
  ask(generation: number, order: Extract<Order, { readonly type: 'list-files' | 'list-modules' }>): boolean {
    return this.#roster.orderOneOf(generation, order)
  }

  /** Has the workers open the files anew that they write their lines to. */
  reopenLogs(): void {
    this.#roster.orderAll({ type: 'reopen-logs' })
  }

  perform(action: Action): void {
    switch (action.type) {
      case 'fork':
        return this.#prepareFork(action)
      case 'reserve':
        return this.#reserve(action)
      case 'owners':
        return this.#roster.share(action.owners)
      case 'accept':
      case 'unready':
        return this.#roster.order(action.worker, { type: action.type })
      case 'drain':
        return this.#drain(action.worker, action.mode, action.graceMs)
      case 'kill':
        return this.#kill(action.worker)
      case 'inspect':
        return this.#inspect(action.worker)
      case 'check-files':
        return this.#checkFiles(action.generation)
      case 'release-listeners':
        return this.#release(action.generation)
      case 'close-listeners':
        return this.#addresses.close()
    }
  }

  /** Forks at once, unless the hook `preFork` has to be waited for. */
  #prepareFork(action: Fork): void {
    const settings = this.#generations.get(action.generation)
    if (settings === undefined) return
    if (!this.#hooks.has('preFork')) return this.fork(action, settings)
    const { worker, index, generation } = action
    this.#waiting.add(worker)
    void this.#hooks.run('preFork', { worker, index, generation }).then(
      () => this.#waiting.delete(worker) && this.fork(action, settings),
      (error: Error) => this.#waiting.delete(worker) && this.#onForkFailed(worker, error, 'preFork'),
    )
  }

  #reserve({ generation, count, delayMs }: Extract<Action, { readonly type: 'reserve' }>): void {
    const settings = this.#generations.get(generation)
    // The hook may change what a process is forked with.
    if (settings !== undefined) this.#standby.keep(settings, this.#hooks.has('preFork') ? 0 : count, delayMs)
  }

  /** Tells a worker to leave; one that waits for its hook has not even begun, and never will. */
  #drain(worker: WorkerId, mode: DrainMode, graceMs: number): void {
    if (this.#waiting.delete(worker)) return this.#enqueue({ type: 'exited', worker, code: 0, signal: null })
    this.#roster.order(worker, { type: 'drain', mode, graceMs })
  }

  #kill(worker: WorkerId): void {
    if (this.#waiting.delete(worker)) return this.#enqueue({ type: 'exited', worker, code: null, signal: 'SIGKILL' })
    this.#roster.get(worker)?.process.kill('SIGKILL')
  }

  /** Forks a worker at once. What it runs need not be the app of its generation. */
  fork({ worker, index, generation, requestLimit }: Omit<Fork, 'type'>, settings: HostSettings): void {
    const listener: ProcessListener = {
      onMessage: (message) => this.#onMessage(worker, index, message),
      onReadySignal: () => this.#roster.order(worker, { type: 'app-ready' }),
      onExit: (code, signal) => {
        this.#roster.remove(worker)
        this.#enqueue({ type: 'exited', worker, code, signal })
      },
      onForkFailed: (error) => this.#onForkFailed(worker, error),
    }
    this.#files.begin(generation)
    try {
      const launch = { index, generation, requestLimit, debugPort: this.#debugPorts.of(index) }
      const early = settings.early?.take(index) ?? this.#spares?.take(settings, launch) ?? null
      const launched = early?.process ?? new WorkerProcess(launchOf(settings, launch), listener)
      if (launched.pid === undefined) return
      this.#roster.add(worker, launched, generation)
      this.#enqueue({ type: 'forked', worker, pid: launched.pid })
      early?.connect(listener)
    } catch (error) {
      this.#onForkFailed(worker, error as Error)
    }
  }

  #onForkFailed(worker: WorkerId, { name, message, code, stack }: NodeJS.ErrnoException, hook?: string): void {
    const error = { name, message, code, stack }
    this.#enqueue({ type: 'fork-failed', worker, error, ...(hook !== undefined && { hook }) })
  }

  #onMessage(worker: WorkerId, index: number, message: Message): void {
    const launched = this.#roster.get(worker)
    if (launched === undefined) return
    if (message.type === 'ready') launched.isReady = true
    switch (message.type) {
      case 'listen':
        void this.#addresses.answer(launched.process, launched.generation, message, (error) => {
          this.#enqueue({ type: 'refused', worker, error })
        })
        return
      case 'files':
      case 'modules':
        if (message.type === 'files') this.#files.listed(launched.generation, message.files)
        return this.#onLoaded(launched.generation, message, worker)
      case 'connection':
        return this.#roster.told(worker, message)
      case 'received':
      case 'warm':
        return
      case 'heartbeat': {
        const { hasOwnUsr1, ...beat } = message
        launched.hasOwnUsr1 = hasOwnUsr1
        return this.#enqueue({ ...beat, worker })
      }
      case 'warning':
        if (this.#warned.isNew(message)) this.#report({ ...message, type: 'worker-warning', worker })
        return
      case 'inspector-open':
        return this.#debugPorts.opened(index, message.address, this.#report)
      case 'progress':
      case 'ready':
      case 'accepting':
      case 'intake-closed':
      case 'failed':
      case 'threw':
      case 'signalled':
        return this.#enqueue({ ...message, worker })
    }
  }

  #inspect(worker: WorkerId): void {
    const launched = this.#roster.get(worker)
    if (launched?.process.pid === undefined) return
    const told = (verdict: Verdict): void => this.#enqueue({ type: 'inspected', worker, verdict })
    void inspect(launched.process.pid, launched).then(told)
  }

  #checkFiles(generation: number): void {
    void this.#files
      .changed(generation)
      .then((changed) => this.#enqueue({ type: 'files-checked', generation, changed }))
  }

  /** The app's own files that a generation has loaded; none if nobody of it can say so. */
  listFiles(generation: number): Promise<readonly string[]> {
    return this.#files.list(generation)
  }

  /** Lets go of what only other generations have needed: older ones, and those that were not to be. */
  #release(generation: number): void {
    void this.#addresses.listeners.release(generation)
    for (const other of this.#generations.keys()) if (other !== generation) this.#generations.delete(other)
    this.#files.keepOnly(generation)
  }
}
