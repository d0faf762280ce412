/*
 * What the agent does to its process before any code of the app runs: its rights, its output, its signals, its inspector.
 */
import type { OwnFailure } from '../protocol/messages.ts'
import { INSPECT_ARG, INSPECTOR_SYMBOL } from '../protocol/names.ts'
import type { Rights } from '../protocol/rights.ts'
import { summarize } from './boot-trap.ts'

const { accessSync, constants, fstatSync, writeSync } = process.getBuiltinModule('node:fs')
const { setImmediate } = process.getBuiltinModule('node:timers')

interface Blockable {
  readonly _handle?: { readonly setBlocking?: (on: boolean) => number }
}

const FDS = { stdout: 1, stderr: 2 } as const

/** How long a write rests that would block, although it should. */
const FULL_MS = 1

/**
 * Makes sure that what the app has printed is out before it exits or is killed.
 *
 * Writes to a pipe or a socket that is read slowly are buffered by Node and lost when the process ends (of 1 MB, 65 kB
 * arrived). So they block, as those to files and terminals do anyway: a reader that stops reading stops an app that
 * goes on printing. Whether a write blocks, all decide who share the pipe, and Node has each pipe not block when it
 * first looks at it: the start of another worker, or a program that an app runs, would undo it. So the write is one that
 * does not return early. The handle's `setBlocking` is not public; without it such a write tries again and again.
 */
export function secureOutput(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const fd = FDS[name]
    // As bigints: Node's module loader reads the memory that other results are left in, and takes links for no links.
    const kind = fstatSync(fd, { bigint: true })
    // The stream itself is made by Node when it is first asked for: where there is nothing to do, that is the app's.
    if (!kind.isFIFO() && !kind.isSocket()) continue
    const stream = process[name]
    ;(stream as Blockable)._handle?.setBlocking?.(true)
    stream._write = (chunk: string | Uint8Array, encoding, done) => done(writeAll(fd, [toBytes(chunk, encoding)]))
    stream._writev = (parts, done) =>
      done(
        writeAll(
          fd,
          parts.map(({ chunk, encoding }) => toBytes(chunk, encoding)),
        ),
      )
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // A log reader that went away (`| head -1`) is no reason to stop serving.
      if (error.code !== 'EPIPE' && stream.listenerCount('error') === 1) throw error
    })
  }
}

function toBytes(chunk: string | Uint8Array, encoding: BufferEncoding): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
}

/** Returns when all is out, or with what prevents that. */
function writeAll(fd: number, parts: readonly Uint8Array[]): Error | null {
  for (const part of parts) {
    for (let written = 0; written < part.length;) {
      try {
        written += writeSync(fd, part, written)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_MS)
        else if (code !== 'EINTR') return error as Error
      }
    }
  }
  return null
}

/**
 * Signals that end a process. A terminal (Ctrl-C, hang-up) and systemd send them to the whole process group, so that
 * they reach a worker in the middle of its requests; when it leaves is the supervisor's decision.
 */
const HELD: readonly string[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']

/**
 * A signal to the whole process group reaches the supervisor too, a moment earlier or later. If this worker left first,
 * as after a signal of its own, connections would queue on a socket that the supervisor then closes.
 */
const GROUP_SIGNAL_MS = 100

/**
 * Keeps signals from the app until the worker has drained.
 *
 * Listeners alone would not do: the app's own ones would still be called. Node binds `process.emit` when the first
 * listener for a signal comes, which is why this runs before any code of the app. What the app emits itself, without
 * a signal number, passes.
 */
export function holdSignals(onSignal: (signal: string) => void): void {
  const emit = process.emit
  const held = (name: string | symbol, ...values: unknown[]): boolean => {
    if (!HELD.includes(String(name)) || typeof values[1] !== 'number')
      return Reflect.apply(emit, process, [name, ...values])
    setTimeout(() => onSignal(String(name)), GROUP_SIGNAL_MS).unref()
    return true
  }
  process.emit = held as typeof process.emit
  for (const signal of HELD) process.on(signal, ignore)
  // An app that removes all listeners means its own: without ours the signal would end the process at once.
  process.on('removeListener', (name, listener) => {
    if (listener === ignore) process.on(name, ignore)
  })
}

/** Lets the app run its own SIGTERM listeners, after the drain. Returns whether it has any. */
export function runTermListeners(): boolean {
  const listeners = process.listeners('SIGTERM').filter((listener) => listener !== ignore)
  process.emit('SIGTERM', 'SIGTERM')
  return listeners.length > 0
}

function ignore(): void {}

/** For a worker that is ready, and may be asked from then on: it could be halted in the middle of loading this. */
export function loadInspector(): void {
  process.getBuiltinModule('node:inspector')
}

/** What node:cluster adds where it sees `INSPECT_ARG`, for which it takes every worker to be debugged. */
const CLUSTERS_PORT = /^--inspect-port=\d+$/

/** Prepares this process to be asked by the supervisor what blocks it. No port is opened. */
export function makeInspectable(): void {
  const isPortOurs = process.execArgv.includes(INSPECT_ARG)
  if (isPortOurs) {
    // Any port that is free: a fixed one may be taken, and then Node says so on standard error.
    process.debugPort = 0
    // What the app forks inherits `process.execArgv`; it has an inspector as if nothing had been arranged.
    const others = process.execArgv.filter((arg) => arg !== INSPECT_ARG && !CLUSTERS_PORT.test(arg))
    process.execArgv.splice(0, process.execArgv.length, ...others)
  }
  const handle = {
    /**
     * Is called by the supervisor wherever this process happens to be, perhaps within Node's own timers. A microtask
     * can be queued anywhere; by the time it runs, what blocked the loop has ended.
     */
    close(): void {
      void Promise.resolve().then(() => afterPoll(() => closeInspector(isPortOurs)))
    },
  }
  Object.defineProperty(globalThis, Symbol.for(INSPECTOR_SYMBOL), { value: handle, configurable: true })
}

/**
 * SIGUSR1 opens the inspector in whichever of several ways comes first; the others are carried out when the loop polls
 * next, and would open again what was closed before. Between two immediates the loop polls.
 */
function afterPoll(then: () => void): void {
  setImmediate(() => setImmediate(then))
}

function closeInspector(isPortOurs: boolean): void {
  // Once it has been open, it would come back on the same port, which may be taken by then.
  if (isPortOurs) process.debugPort = 0
  process.getBuiltinModule('node:inspector').close()
}

/** What few programs need, and the types of Node have forgotten. */
interface Changeable {
  readonly initgroups: (user: string, group: number) => void
  readonly setgroups: (groups: readonly number[]) => void
  readonly setgid: (group: number) => void
  readonly setuid: (user: number) => void
}

/**
 * Has this process be somebody else for good. Returns the reason if it can't: then it must load nothing of the user's.
 *
 * The order is that of every program that does so: who is no longer root could not leave root's groups.
 */
export function takeRights({ user, group }: Rights): OwnFailure | null {
  // One that has waited.
  if (user !== null && process.getuid?.() === user.id) return null
  const self = process as unknown as Changeable
  try {
    if (user?.name === null) self.setgroups([group])
    else if (user !== null) self.initgroups(user.name, group)
    self.setgid(group)
    if (user === null) return null
    self.setuid(user.id)
    takeEnvironment(user)
    for (const path of [import.meta.filename, process.argv[1] ?? '']) refuseUnreadable(path)
    return null
  } catch (thrown) {
    const account = user === null ? `group ${group}` : `user ${user.name ?? user.id}`
    return { kind: 'rights', account, error: summarize(thrown) }
  }
}

/** As su(1) and systemd do: what programs write below HOME would go to root's. */
function takeEnvironment({ name, home }: NonNullable<Rights['user']>): void {
  process.env['HOME'] = home
  for (const variable of ['USER', 'LOGNAME']) {
    if (name === null) delete process.env[variable]
    else process.env[variable] = name
  }
}

/** It would show as a module that is not there, and where it is one of ours, in the middle of the worker's life. */
function refuseUnreadable(path: string): void {
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    // An app that is not there any more is told when it is loaded.
    if ((error as NodeJS.ErrnoException).code === 'EACCES') throw error
  }
}
