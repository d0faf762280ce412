// Loaded in advance: a worker may be halted in the middle of loading it when it is wanted.
import { close } from 'node:inspector'
import { setImmediate } from 'node:timers'
import { INSPECT_ARG, INSPECTOR_SYMBOL } from '../protocol/inspection.ts'

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
  const inspector = {
    /**
     * Is called by the supervisor wherever this process happens to be, perhaps within Node's own timers. A microtask
     * can be queued anywhere; by the time it runs, what blocked the loop has ended.
     */
    close(): void {
      void Promise.resolve().then(() => afterPoll(() => closeInspector(isPortOurs)))
    },
  }
  Object.defineProperty(globalThis, Symbol.for(INSPECTOR_SYMBOL), { value: inspector, configurable: true })
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
  close()
}
