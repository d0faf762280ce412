import type { ListenOptions } from 'node:net'
import type { BootStep } from '../core/failure.ts'
import type { OwnFailure } from '../protocol/messages.ts'
import { DEFAULT_BACKLOG } from '../protocol/names.ts'
import type { Binding, Order } from '../protocol/orders.ts'
import { failureOf, trapErrors } from './boot-trap.ts'
import type { Control } from './control.ts'
import type { Servers } from './servers.ts'

type Go = Extract<Order, { readonly type: 'go' }>
type Stage = 'preloading' | 'loading' | 'loaded' | 'listening' | 'over'

/** How often a path is asked for that does not answer well yet. */
const PROBE_EVERY_MS = 100

const NO_HTTP2 = {
  code: 'SUPERVISOR_NO_HTTP2',
  text: 'Express can not serve HTTP/2, so that clients are offered HTTP/1.1 alone. Leave --http2 out, or to a proxy',
}

/** How long a file that exports an app, but may come to listen, is given for that while it has other things to do. */
const LISTEN_HEAD_START_MS = 1000

/** The way from go to ready: what comes before the app, the app, its servers, and what else ready may ask for. */
export class Boot {
  readonly #control: Control
  readonly #servers: Servers
  readonly #go: Go
  readonly #onEnd: (failure: OwnFailure | null) => void
  readonly #endTrap: () => void
  #stage: Stage = 'preloading'
  #isSignalled = false
  /** What waits for the process to have nothing else to do. */
  #onIdle: (() => void) | null = null
  /** Whether a factory has been called, and has not returned the app yet. */
  #isMaking = false
  /** Whether it is what the file exports that is served; null while that is not known. */
  #servesExport: boolean | null = null
  /** What the file exports, if that is something, but no app. */
  #found: string | null = null

  /** `onEnd` is called once: with null when the worker is ready, else with the reason why it can't become so. */
  constructor(control: Control, servers: Servers, go: Go, onEnd: (failure: OwnFailure | null) => void) {
    this.#control = control
    this.#servers = servers
    this.#go = go
    this.#onEnd = onEnd
    this.#endTrap = trapErrors((thrown) => this.#end(failureOf(thrown, !this.#isLoading)))
    process.on('beforeExit', () => {
      if (this.#onIdle !== null) this.#onIdle()
      else if (this.#stage !== 'over') this.#end(this.#ranOut())
    })
  }

  /** Runs what comes before the app. Node loads the main module when the agent's own module has ended after this. */
  async begin(): Promise<void> {
    const { requires, imports, hooksFile } = this.#go.preload
    // What few apps ask for is loaded for these alone, here and below: each file takes the others' time to boot.
    if (requires.length + imports.length > 0 || hooksFile !== null) {
      const { preload } = await import('./preload.ts')
      const tell = (what: string): void => this.#tell('preloading', what)
      const failure = await preload(this.#go.preload, tell)
      if (failure !== null) return this.#end(failure)
      this.#tell('loading')
    }
    this.#stage = 'loading'
    // By the next turn Node has started on the main module; importing it again gives the same instance.
    setImmediate(() => void this.#follow())
  }

  /** A server listens, has failed or has closed. */
  serversChanged(): void {
    // It is told just before the app hears of it: an error that the app's listeners throw still belongs to the boot.
    setImmediate(() => this.#advance())
  }

  /** The app says that it is ready, which may be before it has been loaded to the end. */
  signalled(): void {
    this.#isSignalled = true
    this.#advance()
  }

  /** Ends the boot from outside: the supervisor lets the worker accept, or wants it gone. */
  over(): void {
    this.#stage = 'over'
    this.#endTrap()
  }

  get #isLoading(): boolean {
    return this.#stage === 'preloading' || this.#stage === 'loading'
  }

  async #follow(): Promise<void> {
    try {
      const { pathToFileURL } = process.getBuiltinModule('node:url')
      const namespace = (await import(pathToFileURL(process.argv[1] ?? '').href)) as Record<string, unknown>
      await this.#servers.http
      if (this.#stage !== 'loading') return
      this.#stage = 'loaded'
      const mayExport = this.#go.app.mode === 'export' || (this.#go.app.mode === 'auto' && !this.#servers.hasAny)
      const found = mayExport ? await this.#serveExport(namespace) : null
      this.#servesExport ??= false
      const step = this.#go.ready.mode === 'signal' && !this.#isSignalled ? 'silent' : 'loaded'
      this.#tell(step, found)
      this.#advance()
    } catch (thrown) {
      this.#end(failureOf(thrown, !this.#isLoading))
    }
  }

  /** Serves what the file exports. Returns what was found instead, if that may still come to listen. */
  async #serveExport(namespace: Readonly<Record<string, unknown>>): Promise<string | null> {
    const { isForHttp1, NO_EXPORTS, offerOf, serversFor } = await import('./offer.ts')
    this.#isMaking = this.#go.app.factory
    const offer = await offerOf(namespace, this.#go.app)
    this.#isMaking = false
    if (offer.kind === 'not-servable') {
      if (this.#mayStillListen && typeof namespace['default'] === 'object') return (this.#found = offer.found)
      this.#end(offer)
      return null
    }
    if (offer.kind === 'nothing') {
      if (offer.found !== NO_EXPORTS) this.#found = offer.found
      const hint = 'Export the app, or leave --mode export out and have the file call listen().'
      if (this.#go.app.mode === 'export') this.#end({ kind: 'not-servable', found: offer.found, hint })
      return offer.found
    }
    if (this.#go.isCheck) {
      this.#end(null)
      return null
    }
    if (this.#mayStillListen && !(await this.#letListenFirst())) return null
    const { bind, tls, http } = this.#go
    const isHttp2 = tls?.http2 === true && !isForHttp1(offer)
    if (tls?.http2 === true && !isHttp2) this.#control.send({ type: 'warning', ...NO_HTTP2 })
    const servers = await serversFor(offer, bind.length, tls && { ...tls, http2: isHttp2 }, http.limits)
    if (servers === null) {
      this.#end({ kind: 'not-secured', found: 'exports a server that is not one of node:http' })
      return null
    }
    this.#servesExport = true
    const backlog = http.limits.backlog ?? DEFAULT_BACKLOG
    for (const [index, server] of servers.entries()) server.listen({ ...addressOf(bind[index]), backlog })
    return null
  }

  /**
   * CommonJS files often export their app for tests, and listen once a database has answered. Where nobody has chosen an
   * address for the export, that listen is what is meant.
   */
  get #mayStillListen(): boolean {
    const { app, isBindChosen } = this.#go
    if (app.mode !== 'auto' || isBindChosen) return false
    const { createRequire } = process.getBuiltinModule('node:module')
    return createRequire(import.meta.url).cache[process.argv[1] ?? ''] !== undefined
  }

  /** Waits until the process has nothing else to do, but not for long. Returns whether the app still has not listened. */
  async #letListenFirst(): Promise<boolean> {
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
      setTimeout(resolve, LISTEN_HEAD_START_MS).unref()
    })
    this.#onIdle = null
    return this.#stage === 'loaded' && !this.#servers.hasAny
  }

  #advance(): void {
    if (this.#stage !== 'loaded') return
    if (this.#go.tls !== null && this.#servers.hasAny && this.#servesExport !== true) {
      // Where TLS was asked for, nothing is to go out without it.
      return this.#servesExport === false ? this.#end({ kind: 'not-secured', found: 'listens by itself' }) : undefined
    }
    if (this.#go.isCheck) return this.#servers.hasAny || this.#isSignalled ? this.#end(null) : undefined
    if (this.#go.ready.mode === 'signal') {
      // The app may be ready before a server of it is: of what it exports, it can't know when that listens.
      return this.#isSignalled && this.#servers.areSettled ? this.#end(null) : undefined
    }
    if (!this.#servers.areListening) return
    const { path } = this.#go.ready
    if (path === null) return this.#end(null)
    this.#stage = 'listening'
    void this.#awaitPath(path)
  }

  /** Asks for the path until it answers well; how long that may take, the supervisor's boot timeout says. */
  async #awaitPath(path: string): Promise<void> {
    const { probe } = await import('./probe.ts')
    let told: string = `${path} has not answered`
    this.#tell('listening', told)
    while (this.#stage === 'listening') {
      const traffic = this.#servers.list().find(({ keepAliveMs, server }) => keepAliveMs !== null && server.listening)
      const problem = traffic === undefined ? 'no server of the app speaks HTTP/1.1' : await probe(traffic, path)
      if (problem === null) return this.#end(null)
      if (problem !== told) this.#tell('listening', problem)
      told = problem
      await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS))
    }
  }

  /** The process has nothing left to do, and is not ready: what it exports may tell why. */
  #ranOut(): OwnFailure {
    const isUnsettled = this.#isLoading || this.#isMaking
    if (this.#found === null) return { kind: 'ended', step: isUnsettled ? 'loading' : 'loaded' }
    const hint = 'Export the app as default, or name it (app.js:name); or have the file call listen().'
    return { kind: 'not-servable', found: this.#found, hint }
  }

  #tell(step: BootStep, detail: string | null = null): void {
    this.#control.send({ type: 'progress', step, detail })
  }

  #end(failure: OwnFailure | null): void {
    if (this.#stage === 'over') return
    this.over()
    this.#onEnd(failure)
  }
}

function addressOf(binding: Binding | undefined): ListenOptions & { readonly fd?: number } {
  switch (binding?.kind) {
    case 'tcp':
      return { port: binding.port, ...(binding.host !== null && { host: binding.host }) }
    case 'unix':
      return { path: binding.path }
    case 'fd':
      return { fd: binding.fd }
    case undefined:
      return { port: 0 }
  }
}
