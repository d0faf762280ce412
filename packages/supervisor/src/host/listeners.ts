import { setTimeout as wait } from 'node:timers/promises'
import { describeAddress, joinHostPort } from '../protocol/address.ts'
import type { ListenQuery } from '../protocol/messages.ts'
import type { Binding as OwnBinding } from '../protocol/orders.ts'
import type { ActivatedSocket } from './activation.ts'
import { bindSocket, nameOfSocket, type SocketHandle } from './bound-socket.ts'
import { takeSocketPath } from './socket-file.ts'

/** A predecessor that was killed leaves its port as soon as its workers have noticed: it is worth waiting for. */
const RETRY_FOR_MS = 5000
const RETRY_EVERY_MS = 50

/** What a worker gets for the address that it asked for: a handle, or the errno's name. */
export type Binding =
  | { readonly kind: 'bound'; readonly handle: SocketHandle }
  /** `isOwn`: another server of the app has it. */
  | { readonly kind: 'refused'; readonly errno: string; readonly isOwn?: boolean }

export type ListenerReport =
  | { readonly type: 'listener-bound'; readonly address: string }
  /** The generation that serves does not want it any more. */
  | { readonly type: 'listener-released'; readonly address: string }
  | { readonly type: 'listener-waiting'; readonly address: string; readonly errno: string; readonly forMs: number }

/** An address that somebody has asked for. */
interface Held {
  readonly query: ListenQuery
  readonly binding: Promise<Binding>
  /** What it has come to, if it went well. */
  handle: SocketHandle | null
  /** Whose workers have asked for it. */
  readonly generations: Set<number>
  readonly isHttp: boolean
}

/**
 * The sockets that the supervisor holds: each address is bound once, kept until a stop begins or until a generation
 * serves that does not want it any more, and handed to every worker that listens on it.
 */
export class Listeners {
  #ticketKeys: string | null = null
  readonly #held = new Map<string, Held>()
  /** What is to be undone for a socket, besides closing it. */
  readonly #releases = new Map<SocketHandle, () => void>()
  readonly #handles = new Set<SocketHandle>()
  readonly #activated: ActivatedSocket[]
  readonly #openFds: Set<number>
  readonly #report: (report: ListenerReport) => void
  #isClosed = false

  /** `openFds`: the descriptors that workers may ask for. All others are the supervisor's own business. */
  constructor(activated: ActivatedSocket[], openFds: readonly number[], report: (report: ListenerReport) => void) {
    this.#activated = activated
    this.#openFds = new Set(openFds)
    this.#report = report
    for (const { handle } of activated) this.#handles.add(handle)
  }

  /** Keys for TLS session tickets, base64, that all workers use, so that sessions resume in any of them. */
  get ticketKeys(): string {
    return (this.#ticketKeys ??= makeTicketKeys())
  }

  /** Makes new keys. Tickets made with the old ones are not refused: their clients get a full handshake once. */
  rotateTicketKeys(): void {
    this.#ticketKeys = makeTicketKeys()
  }

  /** Lets workers ask for these descriptors too. */
  allowFds(fds: readonly number[]): void {
    for (const fd of fds) this.#openFds.add(fd)
  }

  /** The socket for an address. A failure is not remembered: the next one who asks tries again. */
  get(query: ListenQuery, generation: number, isHttp = false): Promise<Binding> {
    if (this.#isClosed) return Promise.resolve({ kind: 'refused', errno: 'ECANCELED' })
    const key = JSON.stringify(query)
    const known = this.#held.get(key)
    if (known !== undefined) {
      known.generations.add(generation)
      return known.binding
    }
    // Sockets that don't listen yet would not collide: the app would be told only when they are to accept. What an
    // older generation listens on is no obstacle of the app's own making: there the system decides.
    const isTaken = (other: Held): boolean => other.generations.has(generation) && overlap(query, other.query)
    if ([...this.#held.values()].some(isTaken)) {
      return Promise.resolve({ kind: 'refused', errno: 'EADDRINUSE', isOwn: true })
    }
    const binding = this.#bind(query)
    const held: Held = { query, binding, handle: null, generations: new Set([generation]), isHttp }
    this.#held.set(key, held)
    // It may have been given up meanwhile, and asked for again.
    const isHeld = (): boolean => this.#held.get(key)?.binding === binding
    void binding.then((bound) => {
      if (bound.kind === 'bound') held.handle = bound.handle
      else if (isHeld()) this.#held.delete(key)
      return bound
    })
    return binding
  }

  /** The sockets that a generation uses, for the next one to have in advance. */
  usedBy(generation: number): { readonly query: ListenQuery; readonly handle: SocketHandle }[] {
    return [...this.#held.values()].flatMap(({ query, handle, generations }) =>
      handle !== null && this.#handles.has(handle) && generations.has(generation) ? [{ query, handle }] : [],
    )
  }

  /** A worker of a generation uses an address of which it had the socket in advance. */
  claim(query: ListenQuery, generation: number): void {
    this.#held.get(JSON.stringify(query))?.generations.add(generation)
  }

  /** The addresses, as an app would be bound to them, at which plain HTTP is spoken. */
  get httpBindings(): OwnBinding[] {
    return [...this.#held.values()].flatMap(({ query, isHttp }) => (isHttp ? toOwnBinding(query) : []))
  }

  /** Gives up the addresses that this generation, the only one that is left, has not asked for. Those of systemd stay. */
  async release(generation: number): Promise<void> {
    const unwanted = [...this.#held].filter(([, { generations }]) => !generations.has(generation))
    // All at once: while one is still waited for, a newer generation may ask for others, which it is to keep.
    for (const [key] of unwanted) this.#held.delete(key)
    for (const { generations } of this.#held.values()) {
      generations.clear()
      generations.add(generation)
    }
    await Promise.all(unwanted.map(([, held]) => this.#giveUp(held)))
  }

  async #giveUp({ query, binding }: Held): Promise<void> {
    const bound = await binding
    if (bound.kind !== 'bound' || !this.#handles.has(bound.handle)) return
    if (this.#activated.some(({ handle }) => handle === bound.handle)) return
    const address = describeBound(query, bound.handle)
    this.#drop(bound.handle)
    this.#report({ type: 'listener-released', address })
  }

  /** Gives all addresses up. With the workers' copies closed too, the kernel refuses new connections at once. */
  close(): void {
    this.#isClosed = true
    for (const handle of this.#handles) this.#drop(handle)
  }

  #drop(handle: SocketHandle): void {
    this.#handles.delete(handle)
    handle.close()
    this.#releases.get(handle)?.()
    this.#releases.delete(handle)
  }

  async #bind(query: ListenQuery): Promise<Binding> {
    const binding = await this.#take(query)
    if (binding.kind === 'refused') return binding
    if (this.#isClosed) {
      binding.handle.close()
      return { kind: 'refused', errno: 'ECANCELED' }
    }
    this.#handles.add(binding.handle)
    this.#report({ type: 'listener-bound', address: describeBound(query, binding.handle) })
    return binding
  }

  /** Whatever goes wrong is an answer to the worker that asked, and never the end of the supervisor. */
  async #take(query: ListenQuery): Promise<Binding> {
    try {
      if (query.fd !== null && query.fd >= 0 && !this.#openFds.has(query.fd)) return { kind: 'refused', errno: 'EBADF' }
      return this.#fromActivation(query) ?? (await this.#fresh(query))
    } catch (error) {
      return { kind: 'refused', errno: (error as NodeJS.ErrnoException).code ?? 'EINVAL' }
    }
  }

  /** A socket that systemd has opened, asked for by its descriptor, or by the port that it is on. */
  #fromActivation({ fd, port }: ListenQuery): Binding | null {
    const found = this.#activated.find(
      (socket) => socket.fd === fd || (port !== null && port > 0 && socket.name.port === port),
    )
    return found === undefined ? null : { kind: 'bound', handle: found.handle }
  }

  async #fresh(query: ListenQuery): Promise<Binding> {
    const deadline = performance.now() + RETRY_FOR_MS
    for (let isFirst = true; ; isFirst = false) {
      const binding = query.addressType === -1 ? await this.#bindPath(query) : toBinding(bindSocket(query))
      if (binding.kind === 'bound' || binding.errno !== 'EADDRINUSE') return binding
      if (this.#isClosed || performance.now() > deadline) return binding
      const address = describeAddress(query)
      if (isFirst) {
        this.#report({ type: 'listener-waiting', address, errno: binding.errno, forMs: RETRY_FOR_MS })
      }
      await wait(RETRY_EVERY_MS)
    }
  }

  async #bindPath(query: ListenQuery): Promise<Binding> {
    // An abstract socket (unix(7)) is no file, and gone with its last holder.
    if (query.address?.startsWith('\0') === true) return toBinding(bindSocket(query))
    const taken = await takeSocketPath(query.address ?? '')
    if (taken.kind === 'refused') return taken
    const binding = toBinding(bindSocket(query))
    if (binding.kind === 'refused') taken.release()
    else this.#releases.set(binding.handle, taken.release)
    return binding
  }
}

/** Whether two servers of one app want the same address, or one that includes the other; with port 0 none do. */
function overlap(one: ListenQuery, other: ListenQuery): boolean {
  if (one.fd !== other.fd || one.port !== other.port || one.port === 0) return false
  if (one.addressType === -1 || other.addressType === -1) return one.address === other.address
  if (one.address === other.address) return true
  return includes(one, other) || includes(other, one)
}

/** `::`, which an absent address means too, takes IPv4 in unless it is for IPv6 only. */
function includes(wildcard: ListenQuery, other: ListenQuery): boolean {
  const isForIpv6Only = (wildcard.flags & UV_TCP_IPV6ONLY) !== 0
  if (wildcard.address === null || wildcard.address === '::') return !isForIpv6Only || other.addressType === 6
  return wildcard.address === '0.0.0.0' && other.addressType === 4
}

/** libuv's flag behind `{ ipv6Only: true }`. */
const UV_TCP_IPV6ONLY = 1

function toBinding(made: SocketHandle | string): Binding {
  return typeof made === 'string' ? { kind: 'refused', errno: made } : { kind: 'bound', handle: made }
}

/** What has an app ask for this address. */
function toOwnBinding({ address, port, addressType, fd }: ListenQuery): OwnBinding {
  if (addressType === -1) return { kind: 'unix', path: address ?? '' }
  if (fd !== null && fd >= 0) return { kind: 'fd', fd }
  return { kind: 'tcp', host: address, port: port ?? 0 }
}

function makeTicketKeys(): string {
  // Loaded here: few apps speak TLS themselves, and no other module of Node takes so long.
  return process.getBuiltinModule('node:crypto').randomBytes(48).toString('base64')
}

/** Where a socket really is: with port 0 the system has chosen. */
function describeBound(query: ListenQuery, handle: SocketHandle): string {
  const { address, port } = nameOfSocket(handle)
  return address === undefined ? describeAddress(query) : joinHostPort(address, port)
}
