import type { Server, Socket } from 'node:net'
import type { Http } from '../http/http.ts'
import type { Peers } from '../http/peers.ts'
import type { HttpRules, ServerLimits } from '../protocol/http-rules.ts'
import type { Control } from './control.ts'
import { unblockStdout } from './process.ts'
import { Requests } from './requests.ts'
import { Traffic } from './traffic.ts'

const net = process.getBuiltinModule('node:net')
const { subscribe } = process.getBuiltinModule('node:diagnostics_channel')

/** The servers of the app, from the moment they are to listen until they have closed. */
export class Servers {
  readonly requests: Requests = new Requests()
  /** Resolves when all that is done to HTTP traffic can be done. */
  http: Promise<void> = Promise.resolve()
  #http: Http | null = null
  #limits: ServerLimits = {}
  readonly #traffic = new Map<Server, Traffic>()
  /** A server may listen again after it was closed; what goes on in it is seen as before. */
  readonly #known = new WeakMap<Server, Traffic>()
  #hasAny = false
  /** Servers that have been asked to listen, and neither do so yet nor have failed. */
  readonly #pending = new Set<Server>()
  /** Servers whose address the supervisor holds. */
  readonly #shared = new WeakSet<Server>()
  /** Servers that are none of the app's. */
  readonly #ignored = new WeakSet<Server>()
  readonly #control: Control
  readonly #onChange: () => void

  /** `onChange` is called when a server listens, fails or closes. */
  constructor(control: Control, onChange: () => void) {
    this.#control = control
    this.#onChange = onChange
    // The name of a host is looked up first: whoever has called listen() may take a while to ask for an address.
    subscribe('tracing:net.server.listen:asyncStart', (message) => {
      const { server } = message as { readonly server?: unknown }
      if (server instanceof net.Server && !server.listening && !this.#ignored.has(server)) this.#expect(server)
    })
    subscribe('tracing:net.server.listen:asyncEnd', (message) => {
      const { server } = message as { readonly server?: unknown }
      if (!(server instanceof net.Server) || this.#shared.has(server) || this.#ignored.has(server)) return
      control.send({ type: 'warning', code: 'SUPERVISOR_LISTEN_NOT_SHARED', text: describe(server) })
      this.#expect(server)
      this.#changed(server)
    })
  }

  /** Has traffic treated by these rules. What that needs is loaded while the app is, before anything is accepted. */
  useHttp(rules: HttpRules, alsoLoaded: Promise<void>): Promise<void> {
    this.#limits = rules.limits.server
    this.http = this.#loadHttp(rules, alsoLoaded)
    // Whoever waits for it is told.
    this.http.catch(() => {})
    return this.http
  }

  async #loadHttp(rules: HttpRules, alsoLoaded: Promise<void>): Promise<void> {
    const [{ Http }] = await Promise.all([import('../http/http.ts'), alsoLoaded])
    const warn = (code: string, text: string): void => this.#control.send({ type: 'warning', code, text })
    this.#http = await Http.load(rules, { warn, unblockStdout })
  }

  /** Opens the access log anew, after its file was renamed. */
  reopenLog(): void {
    this.#http?.reopenLog()
  }

  /** Who is at the other ends of the connections; null as long as nobody knows who is trusted. */
  get peers(): Peers | null {
    return this.#http?.peers ?? null
  }

  /** A server is about to listen, on an address of the supervisor's. */
  readonly add = (server: Server): void => {
    this.#shared.add(server)
    this.#expect(server)
  }

  /** This server is none of the app's. */
  readonly ignore = (server: Server): void => void this.#ignored.add(server)

  /** Says when a stop would cut off idle connections that the app has promised to keep. */
  warnOfKeepAlive(gracefulTimeoutMs: number): void {
    for (const { keepAliveMs } of this.list()) {
      if (keepAliveMs === null || keepAliveMs <= gracefulTimeoutMs) continue
      const text =
        `the app keeps idle connections for ${keepAliveMs / 1000} s, longer than the graceful timeout of ` +
        `${gracefulTimeoutMs / 1000} s: a stop cuts them off. Lower server.keepAliveTimeout or raise --graceful-timeout`
      this.#control.send({ type: 'warning', code: 'SUPERVISOR_KEEP_ALIVE_TOO_LONG', text })
    }
  }

  /** Whether the app has asked for an address by now. */
  get hasAny(): boolean {
    return this.#hasAny
  }

  /** Whether none is about to listen: each does so by now, or has failed. */
  get areSettled(): boolean {
    return this.#pending.size === 0
  }

  /** Whether at least one server listens, and none is still about to. */
  get areListening(): boolean {
    return this.areSettled && this.list().some(({ server }) => server.listening)
  }

  list(): Traffic[] {
    return [...this.#traffic.values()]
  }

  #expect(server: Server): void {
    this.#pending.add(server)
    this.#hasAny = true
    this.#limit(server)
    const traffic = this.#known.get(server) ?? this.#see(server)
    this.#known.set(server, traffic)
    this.#traffic.set(server, traffic)
    this.#onChange()
  }

  #see(server: Server): Traffic {
    const onChange = (): void => this.#changed(server)
    return new Traffic(server, this.requests, onChange, (...event) => this.#http?.treat(...event) ?? isTooEarly(event))
  }

  /** What somebody has chosen counts more than what the app sets, before it listens or right after that. */
  #limit(server: Server): void {
    if ('headersTimeout' in server) Object.assign(server, this.#limits)
  }

  #changed(server: Server): void {
    this.#pending.delete(server)
    this.#limit(server)
    this.#onChange()
    if (!server.listening) void this.#forget(server)
  }

  /** An app may make any number of servers that live for a moment: they are not kept for it. */
  async #forget(server: Server): Promise<void> {
    const connections = await this.#traffic.get(server)?.count()
    if (connections === 0 && !server.listening && !this.#pending.has(server)) this.#traffic.delete(server)
  }
}

function describe(server: Server): string {
  const address = server.address()
  const where = typeof address === 'string' ? address : `${address?.address}:${address?.port}`
  return (
    `the app listens on ${where} with { exclusive: true } or { reusePort: true }, past the supervisor: ` +
    `that address is closed whenever this worker ends. Remove the option to have it held`
  )
}

/** Past the supervisor a client may come before it is known what is done to its requests: it is not let in. */
function isTooEarly([server, name, [socket]]: Parameters<Http['treat']>): boolean {
  if (name !== 'connection' || !('headersTimeout' in server)) return false
  ;(socket as Socket).destroy()
  return true
}
