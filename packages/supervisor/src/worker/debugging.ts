import { close, open, url, waitForDebugger } from 'node:inspector'
import { connect } from 'node:net'
import type { InspectAt } from '../protocol/orders.ts'
import type { Control } from './control.ts'

/** How often a port is tried that somebody else still has, and for how long the app waits for that. */
const TRY_EVERY_MS = 5
const APP_PATIENCE_MS = 500
const LATER_MS = 500

/**
 * Listens for debuggers where every worker of this place does, one after the other: the one before lets go of the port
 * when it is told to leave. One that does not, as it is halted in a debugger, keeps it until it has gone; the app does
 * not wait for that.
 */
export async function listenForDebuggers(at: InspectAt, control: Control, isLeaving: () => boolean): Promise<void> {
  const deadline = performance.now() + APP_PATIENCE_MS
  while (performance.now() < deadline) {
    if (await isFree(at)) return openInspector(at, control)
    await pause(TRY_EVERY_MS)
  }
  const text =
    `${at.host}:${at.port} is taken, by a worker that is halted in a debugger or by another process: ` +
    'debuggers can connect to this worker when it is free'
  control.send({ type: 'warning', code: 'SUPERVISOR_INSPECTOR', text })
  void listenLater(at, control, isLeaving)
}

/** The debugger is free to go to the next worker. */
export function stopListeningForDebuggers(): void {
  if (url() !== undefined) close()
}

async function listenLater(at: InspectAt, control: Control, isLeaving: () => boolean): Promise<void> {
  while (!(await isFree(at))) {
    await new Promise((resolve) => setTimeout(resolve, LATER_MS).unref())
    if (isLeaving()) return
  }
  if (!isLeaving()) openInspector({ ...at, waits: false }, control)
}

function openInspector({ host, port, waits }: InspectAt, control: Control): void {
  try {
    open(port, host)
  } catch {
    // It is open already, by the app's own doing.
  }
  const address = url()
  // Before it waits for one: whoever is to connect has to know where.
  if (address !== undefined) control.send({ type: 'inspector-open', address: new URL(address).host })
  if (waits) waitForDebugger()
}

/**
 * Node says that a port is taken on standard error, and that alone; so it is asked of the system first. A server of our
 * own would be one of the app's.
 */
function isFree({ host, port }: InspectAt): Promise<boolean> {
  if (port === 0) return Promise.resolve(true)
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    socket.once('error', () => resolve(true))
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
