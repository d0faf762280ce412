// A client that never retries. It runs in a process of its own, so that nothing the bench does delays its requests.
import { now } from '../measure/clock.ts'
import { Connection, type Books } from './connection.ts'
import type { Answerer, Demand, Failure, FailureKind, Kill, Mode, News, Order } from './messages.ts'

const TELL_EVERY_MS = 50

class Client implements Books {
  readonly port: number
  readonly mode: Mode
  readonly pauseMs: number
  isStopping = false
  readonly #connections: readonly Connection[]
  readonly #answerers = new Map<number, Answerer>()
  readonly #failures: Failure[] = []
  #answers = 0
  #slowestMs = 0
  #kill: Kill | null = null

  constructor(port: number, mode: Mode, { connections, pauseMs }: Demand) {
    this.port = port
    this.mode = mode
    this.pauseMs = pauseMs
    this.#connections = Array.from({ length: connections }, () => new Connection(this))
    setInterval(() => this.#look(), TELL_EVERY_MS)
  }

  answered(pid: number, begunAt: number): void {
    const at = now()
    this.#answers++
    this.#slowestMs = Math.max(this.#slowestMs, at - begunAt)
    this.#answerers.set(pid, { pid, firstAt: this.#answerers.get(pid)?.firstAt ?? at, lastAt: at })
  }

  failed(kind: FailureKind, begunAt: number): void {
    this.#failures.push({ kind, begunAt, failedAt: now() })
  }

  kill(pids: readonly number[]): void {
    this.#kill = { at: now(), inFlight: this.#inFlight() }
    for (const pid of pids) process.kill(pid, 'SIGKILL')
  }

  #look(): void {
    for (const connection of this.#connections) connection.endIfHung()
    const requests = this.#answers + this.#failures.length
    tell({ type: 'count', requests, answeredBy: [...this.#answerers.keys()] })
    if (!this.isStopping || this.#inFlight() > 0) return
    const answerers = [...this.#answerers.values()]
    const result = { requests, failures: this.#failures, answerers, slowestMs: this.#slowestMs, kill: this.#kill }
    tell({ type: 'result', result }, () => process.exit(0))
  }

  #inFlight(): number {
    return this.#connections.filter(({ isInFlight }) => isInFlight).length
  }
}

function tell(news: News, onSent: () => void = () => {}): void {
  process.send?.(news, onSent)
}

let client: Client | null = null
process.on('disconnect', () => process.exit(1))
process.on('message', (order: Order) => {
  switch (order.type) {
    case 'start':
      client = new Client(order.port, order.mode, order.demand)
      return
    case 'kill':
      return client?.kill(order.pids)
    case 'stop':
      if (client !== null) client.isStopping = true
  }
})
