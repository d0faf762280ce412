/** The part of libuv's listening handle that `net.Server` uses. */
export interface ListenHandle {
  onconnection?: (error: number, connection: unknown) => void
  listen(backlog: number): number
  close(done?: () => void): void
  ref(): void
  unref(): void
  /** Unix sockets have none, and `net.Server.address()` goes by that. */
  getsockname?(out: object): number
}

/**
 * What `net.Server` takes for its listening handle.
 *
 * Behind it the real one, which the supervisor has bound, listens only once the worker may accept, and goes away when
 * the worker drains; the app's server notices neither. So accepting is the supervisor's switch, and the app's own
 * `close()` stays sound at any time.
 */
export class Face implements ListenHandle {
  /** Set by `net.Server`, called with each connection. */
  onconnection?: (error: number, connection: unknown) => void
  /** The address as a person would write it. */
  readonly address: string
  /** How many connections have come in. */
  accepted = 0
  getsockname?: (out: object) => number
  /** What the app has asked for when it listened: the same for the same server of another worker. */
  listener = ''
  /** Is shown each connection first, and returns whether it goes to another worker. Null: none does. */
  divert: ((connection: unknown) => boolean) | null = null
  readonly #real: ListenHandle
  readonly #mayAccept: boolean
  readonly #chosenBacklog: number | null
  readonly #onClose: () => void
  #state: 'bound' | 'listening' | 'accepting' | 'shut' | 'closed' = 'bound'
  #backlog = 511
  #isReferenced = true
  /** So that the app's `server.address()` still answers while the worker drains. */
  readonly #lastName = {}

  /**
   * `mayAccept`: whether the worker accepts already, so that listening and accepting are one. `backlog` is what counts
   * instead of the app's own; null if that does.
   */
  constructor(
    real: ListenHandle,
    address: string,
    mayAccept: boolean,
    onClose: () => void,
    backlog: number | null = null,
  ) {
    this.#real = real
    this.address = address
    this.#mayAccept = mayAccept
    this.#onClose = onClose
    this.#chosenBacklog = backlog
    if (real.getsockname !== undefined) this.getsockname = (out) => this.#nameTo(out)
  }

  /** The app's `listen()`: the address is bound, so that it holds; when connections come is not the app's matter. */
  listen(backlog: number): number {
    this.#backlog = this.#chosenBacklog ?? backlog
    if (this.#state === 'bound') this.#state = 'listening'
    return this.#mayAccept ? this.open() : 0
  }

  /** Starts to accept. Returns libuv's error number, 0 for none: listening is where two supervisors may collide. */
  open(): number {
    if (this.#state !== 'listening') return 0
    this.#real.onconnection = (error, connection) => {
      this.accepted++
      if (error !== 0 || this.divert?.(connection) !== true) this.onconnection?.(error, connection)
    }
    const error = this.#real.listen(this.#backlog)
    if (error !== 0) return error
    if (!this.#isReferenced) this.#real.unref()
    this.#state = 'accepting'
    return 0
  }

  /** Gives the app's server a connection that was accepted by another worker, or kept back for a while. */
  take(connection: unknown): void {
    this.onconnection?.(0, connection)
  }

  /** Stops to accept. The app's server still counts as listening, and its connections live on. */
  shut(): void {
    if (this.#state === 'closed' || this.#state === 'shut') return
    this.#state = 'shut'
    this.#real.getsockname?.(this.#lastName)
    this.#real.close()
  }

  close(done?: () => void): void {
    const wasShut = this.#state === 'shut'
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#onClose()
    if (!wasShut) this.#real.close(done)
    else if (done !== undefined) setImmediate(done)
  }

  ref(): void {
    this.#isReferenced = true
    if (this.#state === 'accepting') this.#real.ref()
  }

  unref(): void {
    this.#isReferenced = false
    if (this.#state === 'accepting') this.#real.unref()
  }

  #nameTo(out: object): number {
    if (this.#state !== 'shut' && this.#state !== 'closed') return this.#real.getsockname?.(out) ?? 0
    Object.assign(out, this.#lastName)
    return 0
  }
}
