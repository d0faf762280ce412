import cluster from 'node:cluster'
import type { DrainMode } from '../core/types.ts'
import type { OwnFailure } from '../protocol/messages.ts'
import { WORKER_GENERATION, WORKER_INDEX } from '../protocol/names.ts'
import type { Development, Order } from '../protocol/orders.ts'
import type { Rights } from '../protocol/rights.ts'
import { AGENT_KEY, AppHooks, type AgentApi } from './app-api.ts'
import { Boot } from './boot.ts'
import { summarize } from './boot-trap.ts'
import { Control, parseOrder } from './control.ts'
import type { Developed } from './developed.ts'
import { chooseIntake, drain, part, Patience, stick, type Intake } from './drain.ts'
import { startHeartbeat } from './heartbeat.ts'
import { holdSignals, loadInspector, makeInspectable, runTermListeners, secureOutput, takeRights } from './process.ts'
import { Seam } from './seam.ts'
import { Servers } from './servers.ts'
import type { Waiting } from './waiting.ts'

type Go = Extract<Order, { readonly type: 'go' }>
type Phase =
  | { readonly kind: 'waiting'; readonly waiting: Promise<Waiting> | null }
  | { readonly kind: 'booting'; readonly boot: Boot }
  | { readonly kind: 'ready' }
  | { readonly kind: 'leaving' }

/** The life of a worker, seen from inside: wait for go, boot, be ready, accept, drain, exit. */
export class Worker {
  readonly #control = new Control(
    (order) => this.#obey(order),
    () => this.#orphaned(),
  )
  readonly #servers = new Servers(this.#control, () => {
    if (this.#phase.kind === 'booting') this.#phase.boot.serversChanged()
  })
  readonly #seam = new Seam(this.#control, this.#servers.add)
  readonly #hooks = new AppHooks((hook, error) => {
    const text = `${hook} of the app threw: ${summarize(error).message}`
    this.#control.send({ type: 'warning', code: 'SUPERVISOR_APP_HOOK_THREW', text })
  })
  readonly #patience = new Patience()
  #phase: Phase = { kind: 'waiting', waiting: null }
  #intake: Intake = { kind: 'cluster' }
  #gracefulTimeoutMs = 0
  #isUnready = false
  /** Whether it was let accept before it was ready. */
  #mayAccept = false
  #readyPath: string | null = null
  #development: Developed | null = null
  #prefetched: { readonly Developed: typeof Developed } | null = null
  #onAccepted: () => void = () => {}
  readonly #accepted = new Promise<void>((resolve) => {
    this.#onAccepted = resolve
  })

  constructor() {
    // Without this node:cluster ends the process, requests and all, as soon as the IPC channel closes.
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
    // A channel that breaks means that the supervisor has gone, which the control pipe tells too.
    cluster.worker?.on('error', () => {})
    // `cluster.worker.disconnect()` of the app: without the channel no address can come, so this worker is replaced.
    process.once('disconnect', () => {
      if (this.#phase.kind !== 'leaving') this.#control.send({ type: 'signalled', signal: 'SIGTERM' })
    })
    secureOutput()
    makeInspectable()
    holdSignals((signal) => this.#control.send({ type: 'signalled', signal }))
    process.on('uncaughtExceptionMonitor', (thrown) => {
      if (this.#phase.kind === 'ready') this.#control.send({ type: 'threw', error: summarize(thrown) })
    })
  }

  /** Returns when the supervisor wants the app loaded, which Node does as soon as the agent's module has ended. */
  async awaitGo(token: string): Promise<void> {
    const release = this.#control.hold()
    const told = parseOrder(token)
    if (told?.type === 'wait') this.#take(told.rights)
    const go = told?.type === 'go' ? told : await this.#wait(told)
    this.#take(go.rights)
    process.title = go.title
    this.#gracefulTimeoutMs = go.gracefulTimeoutMs
    this.#readyPath = go.ready.path
    // Sockets that systemd has passed on belong to whoever has this process id (sd_listen_fds(3)).
    if (go.isActivated) process.env['LISTEN_PID'] = String(process.pid)
    if (go.http.rootPath !== undefined) process.env['ROOT_PATH'] = go.http.rootPath
    this.#intake = chooseIntake(go, this.#seam, this.#control)
    const http = this.#servers.useHttp(go.http, stick(go, this.#intake, this.#control))
    // node:cluster has its workers accept as soon as they listen.
    if (this.#intake.kind === 'cluster') await http
    if (go.development !== undefined) await this.#develop(go.development)
    const boot = new Boot(this.#control, this.#servers, go, (failure) => this.#booted(failure, go))
    this.#phase = { kind: 'booting', boot }
    ;(globalThis as Record<symbol, unknown>)[AGENT_KEY] = this.#api(boot)
    await boot.begin()
    release()
  }

  /** Before anything of the user's is loaded, so not later than in the same turn. */
  #take(rights: Rights | undefined): void {
    const failure = rights === undefined ? null : takeRights(rights)
    if (failure !== null) this.#fail(failure)
  }

  /** A spare is told to go when it is known which worker it becomes. */
  async #wait(told: Order | null): Promise<Go> {
    const loading = import('./waiting.ts').then(
      ({ Waiting: Wait }) => new Wait(this.#control, this.#seam, this.#servers),
    )
    this.#phase = { kind: 'waiting', waiting: loading }
    if (told?.type === 'wait') {
      process.title = told.title
      // Before a loader of TypeScript has every import go by way of its own thread.
      if (told.isDevelopment) this.#prefetched = await import('./developed.ts')
    }
    return (await loading).end()
  }

  async #develop(development: Development): Promise<void> {
    const { Developed: Own } = this.#prefetched ?? (await import('./developed.ts'))
    const own = new Own(this.#control)
    this.#development = own
    // An app may exit while it loads, without an error.
    process.once('exit', () => this.#phase.kind === 'booting' && own.tellFiles())
    await own.begin(development)
  }

  #api(boot: Boot): AgentApi {
    const isReady = (): boolean => this.#phase.kind === 'ready' && !this.#isUnready
    return {
      index: Number(process.env[WORKER_INDEX]),
      generation: Number(process.env[WORKER_GENERATION]),
      get isReady() {
        return isReady()
      },
      ready: () => {
        boot.signalled()
        return this.#accepted
      },
      onDrain: (listener) => this.#hooks.onDrain(listener),
      onShutdown: (listener) => this.#hooks.onShutdown(listener),
      peers: () => this.#servers.peers,
      inFlight: () => this.#servers.requests.oldest(),
    }
  }

  #booted(failure: OwnFailure | null, go: Go): void {
    if (this.#phase.kind !== 'booting') return
    if (failure === null) {
      this.#phase = { kind: 'ready' }
      // What binds nothing would end by itself, before the supervisor has had its look.
      if (go.isCheck) this.#control.hold()
      this.#control.send({ type: 'ready' })
      if (this.#mayAccept) this.#accept()
      this.#servers.warnOfKeepAlive(this.#gracefulTimeoutMs)
      loadInspector()
      return startHeartbeat(go, this.#servers.requests, (message) => this.#control.send(message))
    }
    this.#fail(failure)
  }

  #fail(failure: OwnFailure): never {
    this.#phase = { kind: 'leaving' }
    this.#development?.tellFiles('error' in failure ? failure.error.stack : '')
    this.#control.send({ type: 'failed', failure })
    process.exit(1)
  }

  #obey(order: Order): void {
    switch (order.type) {
      case 'wait':
        return
      case 'go':
      case 'warm':
        if (this.#phase.kind === 'waiting') void this.#phase.waiting?.then((waiting) => waiting.obey(order))
        return
      case 'inherit':
        return this.#seam.inherit(order)
      case 'bound':
        return void (this.#phase.kind !== 'leaving' && this.#seam.bound(order))
      case 'owners':
      case 'connection':
        return this.#seam.sticky?.obey(order)
      case 'app-ready':
        if (this.#phase.kind === 'booting') this.#phase.boot.signalled()
        return
      case 'accept':
        return this.#accept()
      case 'unready':
        return this.#unready()
      case 'list-files':
        return void this.#tellFiles()
      case 'list-modules':
        return this.#development?.tellModules(order.exclude)
      case 'ticket-keys':
        return this.#seam.replaceTickets(order.ticketKeys)
      case 'reopen-logs':
        return this.#servers.reopenLog()
      case 'drain':
        void this.#leave(order.mode, order.graceMs)
    }
  }

  /** The supervisor is about to stop: whoever asks for the path of `--ready-path` shall send its clients elsewhere. */
  #unready(): void {
    this.#isUnready = true
    if (this.#readyPath !== null) this.#servers.requests.refuse(this.#readyPath)
  }

  async #tellFiles(): Promise<void> {
    const { loadedFiles } = await import('./loaded-files.ts')
    this.#control.send({ type: 'files', files: loadedFiles() })
  }

  #accept(): void {
    this.#mayAccept = true
    if (this.#phase.kind !== 'ready') return
    const refusal = this.#intake.kind === 'shared' ? this.#intake.seam.accept() : null
    if (refusal === null) {
      this.#onAccepted()
      return this.#control.send({ type: 'accepting' })
    }
    const code = process.getBuiltinModule('node:util').getSystemErrorName(refusal.error)
    const thrown = Object.assign(new Error(`listen ${code} ${refusal.address}`), { code })
    this.#fail({ kind: 'not-listening', error: summarize(thrown) })
  }

  /** The supervisor has gone, however that came about: nobody will replace this worker, so it leaves in good order. */
  #orphaned(): void {
    if (this.#phase.kind !== 'leaving') void this.#leave('graceful', this.#gracefulTimeoutMs)
  }

  async #leave(mode: DrainMode, graceMs: number): Promise<void> {
    this.#patience.set(mode, graceMs)
    if (this.#phase.kind === 'leaving') return
    this.#development?.leave()
    if (this.#phase.kind === 'booting') this.#phase.boot.over()
    const isServing = this.#phase.kind === 'ready'
    this.#phase = { kind: 'leaving' }
    if (!isServing && this.#hooks.isEmpty) process.exit(0)
    // What the app waits for in its listeners need not keep the process alive.
    const release = this.#control.hold()
    const closed = (): void => this.#control.send({ type: 'intake-closed' })
    const drained = isServing ? drain(this.#intake, this.#servers, this.#patience, closed) : undefined
    await Promise.all([drained, this.#hooks.drain(this.#patience.signal)])
    await this.#hooks.shutdown()
    if (isServing) await part(this.#intake)
    release()
    // `process.exit` runs exit handlers and flushes; a plain SIGTERM would do neither.
    if (!isServing || !runTermListeners()) process.exit(0)
  }
}
