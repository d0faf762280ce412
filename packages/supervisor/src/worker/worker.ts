import cluster from 'node:cluster'
import { getSystemErrorName } from 'node:util'
import { pathToFileURL } from 'node:url'
import type { StopMode } from '../core/types.ts'
import type { OwnFailure } from '../protocol/messages.ts'
import type { Binding, Order } from '../protocol/orders.ts'
import { offerOf, serve } from './app.ts'
import { failureOf, summarize, trapErrors } from './boot-trap.ts'
import { Control } from './control.ts'
import { drain, type Intake, type Patience } from './drain.ts'
import { secureOutput } from './output.ts'
import { hasSeam, Seam } from './seam.ts'
import { Servers } from './servers.ts'
import { holdSignals, runTermListeners } from './signals.ts'

type Go = Extract<Order, { readonly type: 'go' }>
type Phase = 'waiting' | 'loading' | 'loaded' | 'ready' | 'leaving'

/**
 * A signal to the whole process group reaches the supervisor too, a moment earlier or later. If this worker left first,
 * as after a signal of its own, connections would queue on a socket that the supervisor then closes.
 */
const GROUP_SIGNAL_MS = 100

/** The life of a worker, seen from inside: wait for go, load the app, be ready, accept, drain, exit. */
export class Worker {
  readonly #control = new Control(
    (order) => this.#obey(order),
    () => this.#orphaned(),
  )
  readonly #servers = new Servers(this.#control, () => this.#check())
  readonly #seam = new Seam(this.#control, this.#servers.add)
  #onGo: (go: Go) => void = () => {}
  #intake: Intake = { kind: 'cluster' }
  #phase: Phase = 'waiting'
  #gracefulTimeoutMs = 0
  readonly #patience: Patience = { mode: 'graceful', deadline: Number.POSITIVE_INFINITY }
  #endTrap: () => void = () => {}

  constructor() {
    // Without this node:cluster ends the process, requests and all, as soon as the IPC channel closes.
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
    // A channel that breaks means that the supervisor has gone, which the control pipe tells too.
    cluster.worker?.on('error', () => {})
    secureOutput()
    holdSignals((signal) => {
      setTimeout(() => this.#control.send({ type: 'signalled', signal }), GROUP_SIGNAL_MS).unref()
    })
  }

  /** Returns when the supervisor wants the app loaded, which Node does as soon as the agent's module has ended. */
  async awaitGo(): Promise<void> {
    const release = this.#control.hold()
    const go = await new Promise<Go>((resolve) => {
      this.#onGo = resolve
    })
    release()
    this.#phase = 'loading'
    this.#gracefulTimeoutMs = go.gracefulTimeoutMs
    // Sockets that systemd has passed on belong to whoever has this process id (sd_listen_fds(3)).
    if (go.isActivated) process.env['LISTEN_PID'] = String(process.pid)
    this.#chooseIntake(go)
    this.#endTrap = trapErrors((thrown) => this.#fail(failureOf(thrown, this.#phase !== 'loading')))
    process.on('uncaughtExceptionMonitor', (thrown) => {
      if (this.#phase === 'ready') this.#control.send({ type: 'threw', error: summarize(thrown) })
    })
    process.once('beforeExit', () => {
      if (this.#phase === 'loading' || this.#phase === 'loaded') this.#fail({ kind: 'ended', step: this.#phase })
    })
    // By the next turn Node has started on the main module; importing it again gives the same instance.
    setImmediate(() => void this.#followApp(go.bind))
  }

  #chooseIntake(go: Go): void {
    if (go.accept === 'shared' && hasSeam()) {
      this.#intake = { kind: 'shared', seam: this.#seam }
      this.#seam.install()
      return
    }
    if (go.accept === 'shared') {
      const text = `this Node (${process.version}) lacks what sockets are shared by: node:cluster distributes the connections`
      this.#control.send({ type: 'warning', code: 'SUPERVISOR_NO_SEAM', text })
    }
    this.#seam.observe()
    process.channel?.unref()
  }

  async #followApp(bindings: readonly Binding[]): Promise<void> {
    try {
      const namespace = (await import(pathToFileURL(process.argv[1] ?? '').href)) as Record<string, unknown>
      if (this.#phase !== 'loading') return
      this.#phase = 'loaded'
      this.#control.send({ type: 'loaded' })
      if (this.#servers.hasAny) this.#check()
      else this.#serveExport(namespace, bindings)
    } catch (thrown) {
      this.#fail(failureOf(thrown, this.#phase !== 'loading'))
    }
  }

  #serveExport(namespace: Readonly<Record<string, unknown>>, bindings: readonly Binding[]): void {
    const offer = offerOf(namespace)
    switch (offer.kind) {
      case 'handler':
        serve(offer.handler, bindings)
        return
      case 'not-servable':
        return this.#fail(offer)
      case 'nothing':
        return
    }
  }

  /** Ready is: evaluated to the end, and listening. */
  #check(): void {
    // The servers say so just before the app hears of it: an error that its listeners throw still belongs to the boot.
    setImmediate(() => {
      if (this.#phase !== 'loaded' || !this.#servers.areListening) return
      this.#phase = 'ready'
      this.#endTrap()
      this.#servers.warnOfKeepAlive(this.#gracefulTimeoutMs)
      this.#control.send({ type: 'ready' })
    })
  }

  #fail(failure: OwnFailure): void {
    if (this.#phase === 'leaving') return
    this.#phase = 'leaving'
    this.#control.send({ type: 'failed', failure })
    process.exit(1)
  }

  #obey(order: Order): void {
    switch (order.type) {
      case 'go':
        return this.#onGo(order)
      case 'bound':
        return this.#seam.bound(order)
      case 'accept':
        return this.#accept()
      case 'drain':
        void this.#leave(order.mode, order.graceMs)
    }
  }

  #accept(): void {
    const refusal = this.#intake.kind === 'shared' ? this.#intake.seam.accept() : null
    if (refusal === null) return this.#control.send({ type: 'accepting' })
    const code = getSystemErrorName(refusal.error)
    const thrown = Object.assign(new Error(`listen ${code} ${refusal.address}`), { code })
    this.#fail({ kind: 'not-listening', error: summarize(thrown) })
  }

  /** The supervisor has gone, however that came about: nobody will replace this worker, so it leaves in good order. */
  #orphaned(): void {
    if (this.#phase !== 'leaving') void this.#leave('graceful', this.#gracefulTimeoutMs)
  }

  async #leave(mode: StopMode, graceMs: number): Promise<void> {
    this.#patience.mode = mode
    this.#patience.deadline = performance.now() + graceMs
    if (this.#phase === 'leaving') return
    const isServing = this.#phase === 'ready'
    this.#phase = 'leaving'
    if (isServing) await drain(this.#intake, this.#servers, this.#patience)
    // `process.exit` runs exit handlers and flushes; a plain SIGTERM would do neither.
    if (!isServing || !runTermListeners()) process.exit(0)
  }
}
