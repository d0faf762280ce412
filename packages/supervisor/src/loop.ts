import { Audience } from './audience.ts'
import { initialState, nextDeadline, step } from './core/step.ts'
import { snapshotOf, type Snapshot } from './core/snapshot.ts'
import type { Effect } from './core/effect.ts'
import type { Event } from './core/event.ts'
import type { Report } from './core/report.ts'
import type { Outcome, Settings, State, StopMode } from './core/types.ts'
import { HookRunner } from './host/hook-runner.ts'
import { Host, type HostReport } from './host/host.ts'
import type { HostSettings, ProcessSettings } from './host/host-settings.ts'
import type { Hooks } from './config/hooks.ts'
import type { Development, DevelopmentReport, DevelopmentSettings } from './dev/development.ts'
import { SupervisorError } from './errors.ts'
import { LONGEST_TIMER_MS } from './protocol/names.ts'
import { refuseChange, Reloads } from './reload.ts'

/** Everything that a supervisor has to know. All times are milliseconds. */
export interface LoopSettings extends Settings, HostSettings, ProcessSettings {
  /** The app's file as the user named it. */
  readonly appName: string
  readonly hooks: Hooks
  /** What is watched; null in production. */
  readonly development: DevelopmentSettings | null
}

type WorkerWarning = Extract<HostReport, { readonly type: 'worker-warning' }>

/** What happens, as one stream. */
export type SupervisorReport =
  | Report
  | Exclude<HostReport, WorkerWarning>
  | DevelopmentReport
  | (WorkerWarning & { readonly index: number | null; readonly generation: number | null; readonly pid: number | null })

/**
 * The one loop: takes an event, lets the core decide, carries the effects out, sleeps until the next event or deadline.
 * It owns the state; everything else only enqueues events.
 */
export class Loop {
  /** Settles when the supervisor has ended. */
  readonly finished: Promise<Outcome>
  readonly #host: Host
  readonly #hooks: HookRunner
  readonly #reloads: Reloads
  readonly #audience = new Audience<SupervisorReport>()
  readonly #queue: Event[] = []
  #settings: LoopSettings
  #development: Promise<Development | null> = Promise.resolve(null)
  #state: State
  #isRunning = false
  #timer: NodeJS.Timeout | undefined
  #finish: (outcome: Outcome) => void = () => {}

  /** `reread` reads the configuration for a reload; it rejects when that is no good. */
  constructor(settings: LoopSettings, reread: () => Promise<LoopSettings>) {
    this.#settings = settings
    this.#reloads = new Reloads(async () => refuseChange(settings, await reread()))
    this.#state = initialState(settings, Math.trunc(Math.random() * 2 ** 32))
    this.#hooks = new HookRunner(settings.hooks, settings.bootTimeoutMs, settings.killTimeoutMs)
    this.#host = new Host(
      settings.activatedFds,
      this.#hooks,
      (event) => this.#enqueue(event),
      (report) => this.#publish(this.#named(report)),
    )
    this.finished = new Promise((resolve) => {
      this.#finish = resolve
    })
  }

  /** Calls `listener` with everything that happens from now on. Returns the function that ends this. */
  subscribe(listener: (report: SupervisorReport) => void): () => void {
    return this.#audience.subscribe(listener)
  }

  /** Forks the workers, after the hook `onStarting`. */
  start(): void {
    this.#host.addGeneration(1, this.#settings)
    const { development } = this.#settings
    if (development !== null) this.#development = this.#develop(development).catch((error) => this.#unwatched(error))
    if (!this.#hooks.has('onStarting')) return this.#enqueue({ type: 'start' })
    void this.#runHook('onStarting').then(() => this.#enqueue({ type: 'start' }))
  }

  /** Ends all workers, without losing a request; a second call ends them at once. `origin` is what the log names. */
  stop(mode: StopMode, origin: string): void {
    this.#enqueue({ type: 'stop', mode, origin })
  }

  /**
   * Rolls in a new generation of workers, from what is on the disk by now. Resolves when it alone accepts; rejects with
   * a {@link SupervisorError} when it was not to be, and the old one serves on. Of several reloads the newest wins.
   */
  reload(origin: string): Promise<void> {
    const { kind } = this.#state.phase
    if (kind !== 'starting' && kind !== 'serving') {
      const error = new SupervisorError(
        'SUPERVISOR_NOT_RUNNING',
        `there is nothing to reload: the supervisor is ${kind}.`,
        'Start it first, and reload while it serves.',
      )
      return Promise.reject(error)
    }
    this.#reloads.outdate()
    const ended = this.#reloads.wait()
    this.#enqueue({ type: 'reload', origin })
    return ended
  }

  /** Adds workers, or takes some away if `by` is negative; at least one stays. */
  scale(by: number): void {
    this.#enqueue({ type: 'scale', by })
  }

  /** Has the workers open the access log anew, after its file was renamed. Returns whether there is one. */
  reopenLogs(): boolean {
    this.#host.reopenLogs()
    return typeof this.#settings.go.http.accessLog?.file === 'string'
  }

  status(): Snapshot {
    return snapshotOf(this.#state, Math.round(performance.now()))
  }

  #enqueue(event: Event): void {
    this.#queue.push(event)
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#process(next)
    } finally {
      this.#isRunning = false
    }
    this.#sleep()
  }

  #process(event: Event): void {
    const { state, effects } = step(this.#state, event, Math.round(performance.now()))
    this.#state = state
    for (const effect of effects) {
      switch (effect.type) {
        case 'report':
          this.#publish(effect.report)
          break
        case 'prepare':
          void this.#prepare(effect.generation)
          break
        case 'fork-page':
          void this.#forkPage(effect)
          break
        case 'finish':
          // There is nothing left that a failure would matter to.
          void this.#development.then((development) => development?.end()).catch(() => {})
          void this.#runHook('onExit').then(() => this.#finish(effect.outcome))
          break
        default:
          this.#host.perform(effect)
      }
    }
  }

  async #prepare(generation: number): Promise<void> {
    const known = this.#settings.isDevelopment ? this.#settings : null
    const event = await this.#reloads.prepare(generation, this.#hooks.run('onReload'), known)
    const settings = this.#reloads.settingsOf(generation)
    if (settings !== undefined) this.#host.addGeneration(generation, settings)
    this.#enqueue(event)
  }

  #sleep(): void {
    clearTimeout(this.#timer)
    const deadline = nextDeadline(this.#state)
    if (deadline === null) return
    const delay = Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(deadline - performance.now())))
    this.#timer = setTimeout(() => this.#enqueue({ type: 'tick' }), delay)
  }

  /** The host knows workers by their number only. */
  #named(report: HostReport): SupervisorReport {
    if (report.type !== 'worker-warning') return report
    const worker = this.#state.workers.find(({ id }) => id === report.worker)
    return { ...report, index: worker?.index ?? null, generation: worker?.generation ?? null, pid: worker?.pid ?? null }
  }

  #publish(report: SupervisorReport): void {
    if (report.type === 'reloaded') this.#adopt(report.generation)
    this.#audience.tell(report)
    this.#reloads.follow(report)
    if (report.type === 'serving') void this.#runHook('whenReady')
    if (report.type === 'worker-ready') void this.#runHook('workerReady', report)
    if (report.type === 'worker-exited') void this.#runHook('workerExit', report)
  }

  /** Watches what the app is made of. What watches is loaded only here. */
  async #develop(settings: DevelopmentSettings): Promise<Development> {
    const { Development: Watcher } = await import('./dev/development.ts')
    const development = new Watcher(settings, {
      changed: (files, isCode) => {
        if (!isCode) this.#reloads.outdate()
        this.#enqueue({ type: 'changed', origin: 'file', files })
      },
      report: (report) => this.#publish(report),
      listFiles: () => this.#host.listFiles(this.#state.generation),
      listModules: (exclude) => this.#host.ask(this.#state.generation, { type: 'list-modules', exclude }),
      settings: () => this.#settings,
      sockets: () => this.#host.listeners.usedBy(this.#state.generation),
      useSpares: (spares, onLoaded) => this.#host.useSpares(spares, onLoaded),
    })
    this.subscribe((report) => development.follow(report))
    // The app may have been quicker than what watches it: what it has loaded is looked at nevertheless.
    if (this.#state.complete) development.follow({ type: 'serving', workers: this.#state.slots.length, afterMs: 0 })
    await development.start()
    return development
  }

  /** The app is served all the same, and reloaded when that is asked for. */
  #unwatched(thrown: unknown): null {
    const text = `changes are not noticed, as what watches could not be loaded: ${String(thrown)}. SIGHUP still reloads`
    this.#publish({ type: 'warning', code: 'SUPERVISOR_WATCH', text })
    return null
  }

  /** Tells a failure, and shows it at the addresses that are known to be the app's. */
  async #forkPage({ worker, generation, failure }: Extract<Effect, { readonly type: 'fork-page' }>): Promise<void> {
    const page = await import('./dev/page-settings.ts')
      .then(async ({ pageFor }) => pageFor(failure, generation, this.#settings, this.#host.listeners.httpBindings))
      .catch(() => ({ failure, settings: null }))
    const isWanted = this.#state.workers.some(({ id, phase }) => id === worker && phase.kind === 'booting')
    if (isWanted) this.#publish({ type: 'broken', generation, failure: page.failure })
    if (!isWanted || page.settings === null) return this.#enqueue({ type: 'exited', worker, code: 0, signal: null })
    this.#host.fork({ worker, index: 0, generation, requestLimit: null }, page.settings)
  }

  /** The hooks of the new generation are called from now on. */
  #adopt(generation: number): void {
    const settings = this.#reloads.adopt(generation)
    if (settings === undefined) return
    this.#settings = settings
    this.#hooks.replace(settings.hooks, settings.bootTimeoutMs, settings.killTimeoutMs)
  }

  /** Runs a hook, if there is one of that name. What it throws is an event like any other. */
  async #runHook(...[name, ...values]: Parameters<HookRunner['run']>): Promise<void> {
    const error = await this.#hooks.attempt(name, ...values)
    if (error === null) return
    // After the last worker the core takes no more events.
    if (name === 'onExit') this.#publish({ type: 'hook-failed', hook: name, error })
    else this.#enqueue({ type: 'hook-failed', hook: name, error })
  }
}
