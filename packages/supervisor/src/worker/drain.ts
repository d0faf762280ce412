import cluster from 'node:cluster'
import type { ServerResponse } from 'node:http'
import type { DrainMode } from '../core/types.ts'
import { LONGEST_TIMER_MS } from '../protocol/names.ts'
import type { Order } from '../protocol/orders.ts'
import type { Control } from './control.ts'
import { hasSeam, type Seam } from './seam.ts'
import type { Servers } from './servers.ts'

type Go = Extract<Order, { readonly type: 'go' }>

const { Server } = process.getBuiltinModule('node:net')
const { setTimeout: wait } = process.getBuiltinModule('node:timers/promises')

/** How often a drain looks at the connections that are left. */
const LOOK_EVERY_MS = 20
/**
 * How long a connection may be idle, at most. In a quick stop it ends soon, unless it is used: a busy client has moved on
 * by then. What is stale must not answer its next request.
 */
const IDLE_MS: Readonly<Record<DrainMode, number>> = { graceful: Number.POSITIVE_INFINITY, quick: 500, stale: 0 }
/** Who has just connected has its first request under way, which was begun before anything was stale. */
const FIRST_REQUEST_MS = 250

/** A supervisor that does not answer for so long does not turn. */
const LONGEST_PARTING_MS = 1000
/** Who notices the end of his time so late was stopped meanwhile, and has had less of it than it seems. */
const SUSPENDED_MS = 1000
/** What he gets then, so that answers which are ready still go out. The supervisor's patience is longer by default. */
const AFTER_SUSPENSION_MS = 1000

/** How long a drain may take. It may change meanwhile: a quick stop may come while a worker drains. */
export class Patience {
  mode: DrainMode = 'graceful'
  readonly #late = new AbortController()
  #deadline: number = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  /** Aborts when the time is over. */
  get signal(): AbortSignal {
    return this.#late.signal
  }

  set(mode: DrainMode, graceMs: number): void {
    this.mode = mode
    this.#deadline = performance.now() + graceMs
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#end(), Math.min(Math.ceil(graceMs), LONGEST_TIMER_MS)).unref()
  }

  #end(): void {
    if (performance.now() - this.#deadline > SUSPENDED_MS) return this.set(this.mode, AFTER_SUSPENSION_MS)
    this.#late.abort(new DOMException('The graceful timeout is over', 'TimeoutError'))
  }
}

/** Who takes in new connections: the seam, or, without it, node:cluster. */
export type Intake = { readonly kind: 'shared'; readonly seam: Seam } | { readonly kind: 'cluster' }

export function chooseIntake({ accept, isCheck, http }: Go, seam: Seam, control: Control): Intake {
  // A check binds nothing, whoever would accept.
  if ((accept === 'shared' || isCheck) && hasSeam()) {
    seam.install(isCheck, http.limits.backlog)
    return { kind: 'shared', seam }
  }
  if (accept === 'shared') {
    const text = `this Node (${process.version}) lacks what sockets are shared by: node:cluster distributes the connections`
    control.send({ type: 'warning', code: 'SUPERVISOR_NO_SEAM', text })
  }
  seam.observe()
  process.channel?.unref()
  return { kind: 'cluster' }
}

/** Has connections of one address go to one worker, if so asked. To be there before anything is accepted. */
export async function stick({ sticky }: Go, intake: Intake, control: Control): Promise<void> {
  if (sticky === 'off' || intake.kind === 'cluster') return
  const { Sticky } = await import('./sticky.ts')
  intake.seam.sticky = new Sticky(control, intake.seam)
}

/**
 * Lets go of all clients without failing a request: takes no new connection, ends each one after its next response
 * or once it was idle for as long as had been promised, and returns when none is left. Those that are left at the
 * deadline are cut off.
 */
export async function drain(
  intake: Intake,
  servers: Servers,
  patience: Patience,
  onIntakeClosed: () => void,
): Promise<void> {
  await stopIntake(intake, servers, patience.mode)
  onIntakeClosed()
  for (const traffic of servers.list()) traffic.drain()
  // What has come already is read before a connection counts as idle.
  await new Promise((resolve) => setImmediate(resolve))
  while ((await countOf(servers)) + passingIn(intake) > 0 && !patience.signal.aborted) {
    for (const traffic of servers.list()) {
      traffic.endIdle(performance.now(), IDLE_MS[patience.mode], FIRST_REQUEST_MS)
    }
    await wait(LOOK_EVERY_MS)
  }
  // Only who is late: a connection may have come in since they were counted.
  if (patience.signal.aborted) for (const traffic of servers.list()) traffic.cutOff()
  // A connection counts no longer before the app hears of that, a turn of the loop later: this comes first.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/**
 * The primary of node:cluster may have handed over a connection just before it heard that this worker takes no more. If
 * the worker ended now, nobody would ever answer it; as it is, it is sent back. When the primary has agreed to
 * disconnect, nothing else is under way.
 */
export async function part(intake: Intake): Promise<void> {
  if (intake.kind !== 'cluster' || !process.connected) return
  const parted = new Promise((resolve) => process.once('disconnect', resolve))
  cluster.worker?.disconnect()
  await Promise.race([parted, wait(LONGEST_PARTING_MS)])
}

/** Connections that come from another worker, or go there, and may still be served here. */
function passingIn(intake: Intake): number {
  return intake.kind === 'shared' ? (intake.seam.sticky?.open ?? 0) : 0
}

async function countOf(servers: Servers): Promise<number> {
  const counts = await Promise.all(servers.list().map((traffic) => traffic.count()))
  return counts.reduce((sum, count) => sum + count, 0)
}

/** `http.Server.close()` would end idle connections at once, which races with their next request: only the part below. */
async function stopIntake(intake: Intake, servers: Servers, mode: DrainMode): Promise<void> {
  switch (intake.kind) {
    case 'shared':
      // The supervisor holds the socket: who is in the kernel's queue waits for what comes after.
      return mode === 'stale' ? intake.seam.shut() : intake.seam.drain()
    case 'cluster':
      for (const { server } of servers.list()) if (server.listening) Server.prototype.close.call(server)
      // A server that was never seen can only be closed by node:cluster itself.
      if (!servers.hasAny) cluster.worker?.disconnect()
  }
}

/**
 * Makes a response the last one on its connection, whatever headers the app asks for; unless, by the time its headers
 * are sent, another request has come on that connection, whose response is to be the last one then.
 */
export function endAfter(response: ServerResponse, isNewest: () => boolean): void {
  if (response.headersSent) return
  const writeHead = response.writeHead
  // Also Node itself calls this, for headers that the app has only set.
  response.writeHead = (...values: unknown[]): ServerResponse => {
    if (!isNewest()) return Reflect.apply(writeHead, response, values)
    response.shouldKeepAlive = false
    const headers = values.at(-1)
    if (Array.isArray(headers)) {
      values[values.length - 1] = closingList(headers)
      response.removeHeader('Connection')
    } else {
      if (typeof headers === 'object' && headers !== null) values[values.length - 1] = withoutConnection(headers)
      response.setHeader('Connection', 'close')
    }
    return Reflect.apply(writeHead, response, values)
  }
}

function withoutConnection(headers: object): object {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isConnection(name)))
}

/** `writeHead` takes headers also as one flat list, or as a list of pairs. */
function closingList(headers: readonly unknown[]): unknown[] {
  if (Array.isArray(headers[0])) {
    return [...headers.filter((pair) => !isConnection((pair as unknown[])[0])), ['Connection', 'close']]
  }
  return [...headers.filter((_, index) => !isConnection(headers[index - (index % 2)])), 'Connection', 'close']
}

function isConnection(name: unknown): boolean {
  return String(name).toLowerCase() === 'connection'
}
