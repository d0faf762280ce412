import { close, open, url } from 'node:inspector'
import { createServer } from 'node:net'
import type { InspectAt } from '../protocol/orders.ts'

/** How often a port is tried that somebody else still has, and for how long the app waits for that. */
const TRY_EVERY_MS = 5
const APP_PATIENCE_MS = 500
const LATER_MS = 500

/**
 * Listens for debuggers where every worker of this place does, one after the other: the one before lets go of the port
 * when it is told to leave. One that does not, as it is halted in a debugger, keeps it until it has gone; the app does
 * not wait for that.
 */
export async function listenForDebuggers(at: InspectAt, isLeaving: () => boolean): Promise<void> {
  const deadline = performance.now() + APP_PATIENCE_MS
  while (performance.now() < deadline) {
    if (await isFree(at)) return openInspector(at, at.waits)
    await pause(TRY_EVERY_MS)
  }
  void listenLater(at, isLeaving)
}

/** The debugger is free to go to the next worker. */
export function stopListeningForDebuggers(): void {
  if (url() !== undefined) close()
}

async function listenLater(at: InspectAt, isLeaving: () => boolean): Promise<void> {
  while (!(await isFree(at))) {
    await new Promise((resolve) => setTimeout(resolve, LATER_MS).unref())
    if (isLeaving()) return
  }
  if (!isLeaving()) openInspector(at, false)
}

function openInspector({ host, port }: InspectAt, waits: boolean): void {
  try {
    open(port, host, waits)
  } catch {
    // It is open already, by the app's own doing.
  }
}

/** Node says that a port is taken on standard error, and that alone; so it is asked of the system first. */
function isFree({ host, port }: InspectAt): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    // Exclusive: of this process alone, not the supervisor's to share.
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
