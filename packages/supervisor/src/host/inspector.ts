import { setTimeout as wait } from 'node:timers/promises'
import type { Verdict } from '../core/verdict.ts'
import { CLOSE, FACTS, parseFacts, type Facts } from './blocked-facts.ts'
import { namesApp } from './blocked-stack.ts'
import { DevTools, isOwnPort, targetAt, type Target } from './devtools.ts'
import { mainThreadOf, socketsOf, statusOf, tcpSockets, type ProcessStatus, type TcpSocket } from './proc.ts'

/** All that is done before the verdict fits into this. */
const TOTAL_MS = 1900
/** How long a worker is given to open its inspector; one that is in JavaScript takes some 15 ms. */
const OPEN_MS = 1000
const LOOK_EVERY_MS = 15
/** A worker that wants to run and has run for less than this since has had no opportunity to open it. */
const STARVED_MS = 150
/** What has to be left for asking. */
const QUESTION_MS = 400
/** How long an inspector that listens may take for what is done by a thread of its own. */
const ANSWER_MS = 300
const EVALUATE_MS = 500
/** How long to wait for the next statement where none was being carried out. */
const PAUSE_MS = 500
const STEPS = ['Debugger.pause', ...Array.from({ length: 20 }, () => 'Debugger.stepInto')]
const CLOSE_MS = 100
/** How long a worker that would not open its inspector is watched, for it will do so as soon as it goes on. */
const WATCH_MS = 60_000
const WATCH_EVERY_MS = 500

const NATIVE: Verdict = { kind: 'native' }
const DEBUGGED: Verdict = { kind: 'debugged' }
const IDLE: Verdict = { kind: 'idle' }

/** What is known of the worker besides its process id. */
export interface Inspected {
  /** The app listens for SIGUSR1, so that the signal would reach the app and not the inspector. */
  readonly hasOwnUsr1?: boolean
}

/** What is left for a step that would like to have so long. */
type Budget = (ms: number) => number

const UNDER_WAY = new Map<number, Promise<Verdict>>()

/**
 * Finds out what blocks a process's event loop, within two seconds. Opens the inspector of the process, which closes it
 * when it is no longer blocked. Never rejects.
 */
export async function inspectBlocked(pid: number, about: Inspected = {}): Promise<Verdict> {
  const underWay = UNDER_WAY.get(pid)
  if (underWay !== undefined) return underWay
  const verdict = inspect(pid, about)
    .catch(failed)
    .finally(() => UNDER_WAY.delete(pid))
  UNDER_WAY.set(pid, verdict)
  return verdict
}

async function inspect(pid: number, { hasOwnUsr1 = false }: Inspected): Promise<Verdict> {
  if (!Number.isSafeInteger(pid) || pid <= 1 || pid === process.pid) return unavailable(`${pid} is no worker's process`)
  const status = await statusOf(pid)
  const hindrance = hindranceOf(status)
  if (hindrance !== null) return hindrance
  const budget = budgetOf(TOTAL_MS)
  const sockets = await readSockets(pid)
  const open = await findTarget(sockets, budget)
  if (open !== null) return isDebugged(open, sockets) ? DEBUGGED : question(pid, open, false, budget)
  if (hasOwnUsr1) return unavailable('the app listens for SIGUSR1 itself, which would have opened the inspector')
  if (!status.catchesUsr1) return unavailable('the process does not open an inspector on SIGUSR1')
  process.kill(pid, 'SIGUSR1')
  const opened = await untilOpen(pid, new Set(sockets.map(({ inode }) => inode)), budget)
  const verdict = opened === null ? NATIVE : await question(pid, opened, true, budget).catch(failed)
  const isLeftOpen = verdict.kind === 'native' || verdict.kind === 'unavailable'
  if (isLeftOpen) void closeLater(pid).catch(() => {})
  return verdict.kind === 'native' ? (hindranceOf(await statusOf(pid)) ?? NATIVE) : verdict
}

function budgetOf(totalMs: number): Budget {
  const end = performance.now() + totalMs
  return (ms) => Math.max(1, Math.min(ms, Math.floor(end - performance.now())))
}

function hindranceOf({ state }: ProcessStatus): Verdict | null {
  switch (state) {
    case 'alive':
      return null
    case 'traced':
      return DEBUGGED
    case 'stopped':
      return unavailable('the process was stopped by a signal')
    case 'ended':
      return unavailable('the process has ended')
  }
}

/**
 * The TCP sockets that are the process's alone. Those that it shares with this process serve the app. Root may not see
 * which ones another user's process has where it lacks the capability SYS_PTRACE, as in containers: then it is all of
 * that user's, and whoever answers says who it is.
 */
async function readSockets(pid: number): Promise<TcpSocket[]> {
  const [own, found] = await Promise.all([socketsOf('self'), socketsOf(pid)])
  if (found?.size === 0) return []
  const user = found === null ? (await statusOf(pid)).user : null
  const isTheirs = (socket: TcpSocket): boolean => found?.has(socket.inode) ?? socket.user === user
  return (await tcpSockets(pid)).filter((socket) => isTheirs(socket) && own?.has(socket.inode) !== true)
}

/** The inspector among the sockets that listen: it alone answers while the event loop does not turn. */
async function findTarget(tcp: readonly TcpSocket[], budget: Budget): Promise<Target | null> {
  const listening = tcp.filter(({ isListening }) => isListening)
  const targets = await Promise.all(listening.map(async ({ host, port }) => targetAt(host, port, budget(ANSWER_MS))))
  return targets.find((target) => target !== null) ?? null
}

function isDebugged({ port }: Target, tcp: readonly TcpSocket[]): boolean {
  return tcp.some((socket) => !socket.isListening && socket.port === port && !isOwnPort(socket.remotePort))
}

/** Looks for sockets that were not there before. */
async function untilOpen(pid: number, before: ReadonlySet<string>, budget: Budget): Promise<Target | null> {
  const begun = performance.now()
  const { cpuMs } = await mainThreadOf(pid)
  const isPatient = async (): Promise<boolean> => {
    if (performance.now() - begun < OPEN_MS) return true
    if (budget(QUESTION_MS) < QUESTION_MS) return false
    const now = await mainThreadOf(pid)
    return now.isRunnable && now.cpuMs - cpuMs < STARVED_MS
  }
  do {
    await wait(LOOK_EVERY_MS)
    const sockets = await readSockets(pid)
    const target = await findTarget(
      sockets.filter(({ inode }) => !before.has(inode)),
      budget,
    )
    if (target !== null) return target
  } while (await isPatient())
  return null
}

/** Has the process itself say where it is, and what it was asked to do. */
async function question(pid: number, target: Target, isOurs: boolean, budget: Budget): Promise<Verdict> {
  using tools = await DevTools.open(target, budget(OPEN_MS))
  const answer = await soon(evaluate(tools, FACTS), budget(EVALUATE_MS))
  if (answer === LATE) return NATIVE
  const facts = parseFacts(answer)
  if (facts === null) return unavailable('the process did not say what it is doing')
  if (facts.pid !== pid) return unavailable(`process ${facts.pid} answered in place of ${pid}`)
  const later = namesApp(facts.stack) ? null : await soon(atNextStatement(tools), budget(PAUSE_MS))
  if (isOurs) await close(tools)
  const { stack, requests } = later === null || later === LATE ? facts : later
  return stack === '' ? IDLE : { kind: 'stack', stack, requests }
}

async function evaluate(tools: DevTools, expression: string): Promise<unknown> {
  return tools.call('Runtime.evaluate', { expression, silent: true })
}

/**
 * Where a loop hands over to Node between its turns, as promises do, there may be no statement to be seen. The worker
 * goes on when the connection ends, whether or not it has come to halt.
 */
async function atNextStatement(tools: DevTools): Promise<Facts | null> {
  await tools.call('Debugger.enable')
  let facts: Facts | null = null
  // The next one may be Node's own, a few steps before the app's.
  for (const step of STEPS) {
    const paused = tools.next('Debugger.paused')
    await tools.call(step)
    await paused
    facts = parseFacts(await evaluate(tools, FACTS))
    if (facts !== null && namesApp(facts.stack)) break
  }
  await tools.call('Debugger.resume')
  return facts
}

/** Asks the worker to close its inspector, which it does when it is no longer blocked. */
async function close(tools: DevTools): Promise<boolean> {
  return (await soon(evaluate(tools, CLOSE), CLOSE_MS)) !== LATE
}

/** A worker that was blocked in native code opens its inspector when it comes back, and must not keep it open. */
async function closeLater(pid: number): Promise<void> {
  const deadline = performance.now() + WATCH_MS
  while (performance.now() < deadline) {
    await wait(WATCH_EVERY_MS, undefined, { ref: false })
    if (UNDER_WAY.has(pid)) continue
    const sockets = await readSockets(pid)
    const target = await findTarget(sockets, budgetOf(ANSWER_MS))
    if (target === null) continue
    if (isDebugged(target, sockets)) return
    if (await closeAt(target)) return
  }
}

async function closeAt(target: Target): Promise<boolean> {
  try {
    using tools = await DevTools.open(target, OPEN_MS)
    return await close(tools)
  } catch {
    return false
  }
}

const LATE: unique symbol = Symbol('late')

async function soon<T>(promise: Promise<T>, patienceMs: number): Promise<T | typeof LATE> {
  const controller = new AbortController()
  const late = wait<typeof LATE>(patienceMs, LATE, { signal: controller.signal }).catch((): typeof LATE => LATE)
  try {
    return await Promise.race([promise, late])
  } finally {
    controller.abort()
  }
}

function failed(error: unknown): Verdict {
  return unavailable(reasonOf(error))
}

function unavailable(why: string): Verdict {
  return { kind: 'unavailable', why }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ESRCH') return 'the process has ended, or there is no /proc to look it up in'
  if (code === 'EACCES' || code === 'EPERM') return `the process may not be looked into (${code})`
  return message
}
