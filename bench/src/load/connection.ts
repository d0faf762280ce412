import { connect, type Socket } from 'node:net'
import { now } from '../measure/clock.ts'
import { parseAnswer, type Answer } from './answer.ts'
import type { FailureKind, Mode } from './messages.ts'

/** A request without an answer for so long counts as hung. */
const HUNG_MS = 5000
/** After a failure: what is refused at once would otherwise be refused thousands of times a second. */
const BREAK_MS = 10

const REQUEST: Readonly<Record<Mode, string>> = {
  'keep-alive': 'GET / HTTP/1.1\r\nHost: bench\r\n\r\n',
  fresh: 'GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n',
}

/** Whoever keeps the books of the connections. */
export interface Books {
  readonly port: number
  readonly mode: Mode
  /** The longest time between an answer and the next request. */
  readonly pauseMs: number
  readonly isStopping: boolean
  answered(pid: number, begunAt: number): void
  failed(kind: FailureKind, begunAt: number): void
}

/** Sends one request after the other, each once: what fails has failed. */
export class Connection {
  readonly #books: Books
  #socket: Socket | null = null
  #received = ''
  /** Of the request in flight. */
  #begunAt: number | null = null

  constructor(books: Books) {
    this.#books = books
    this.#next()
  }

  get isInFlight(): boolean {
    return this.#begunAt !== null
  }

  endIfHung(): void {
    if (this.#begunAt !== null && now() - this.#begunAt > HUNG_MS) this.#fail('hung')
  }

  #next(): void {
    if (this.#books.isStopping) return this.#drop()
    this.#begunAt = now()
    this.#received = ''
    this.#socket ??= this.#open()
    this.#socket.write(REQUEST[this.#books.mode])
  }

  #open(): Socket {
    const socket = connect({ port: this.#books.port, host: '127.0.0.1', noDelay: true })
    const isCurrent = (): boolean => this.#socket === socket
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => isCurrent() && this.#take(chunk))
    socket.on('end', () => isCurrent() && this.#lost('reset'))
    socket.on('error', (error: NodeJS.ErrnoException) => isCurrent() && this.#lost(kindOf(error)))
    return socket
  }

  #take(chunk: string): void {
    this.#received += chunk
    const answer = parseAnswer(this.#received)
    if (answer !== null && this.#begunAt !== null) this.#answered(answer, this.#begunAt)
  }

  #answered(answer: Answer, begunAt: number): void {
    if (!answer.isRight) return this.#fail('wrong status')
    this.#begunAt = null
    this.#books.answered(answer.pid, begunAt)
    if (answer.closes || this.#books.mode === 'fresh') this.#drop()
    const { pauseMs } = this.#books
    if (pauseMs === 0) this.#next()
    else setTimeout(() => this.#next(), Math.random() * pauseMs)
  }

  #lost(kind: FailureKind): void {
    if (this.#begunAt === null) this.#drop()
    else this.#fail(kind)
  }

  #fail(kind: FailureKind): void {
    const begunAt = this.#begunAt ?? now()
    this.#begunAt = null
    this.#drop()
    this.#books.failed(kind, begunAt)
    setTimeout(() => this.#next(), BREAK_MS)
  }

  #drop(): void {
    this.#socket?.destroy()
    this.#socket = null
  }
}

/** What else can happen is the fault of the bench, not of who is measured: it ends the client. */
function kindOf(error: NodeJS.ErrnoException): FailureKind {
  if (error.code === 'ECONNREFUSED') return 'refused'
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return 'reset'
  throw error
}
