import cluster from 'node:cluster'
import { Server } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { StopMode } from '../core/types.ts'
import type { Seam } from './seam.ts'
import type { Servers } from './servers.ts'

/** How often a drain looks at the connections that are left. */
const LOOK_EVERY_MS = 20
/** In a quick stop an idle connection ends this soon, unless it is used: a busy client has moved on by then. */
const QUICK_IDLE_MS = 500

/** How long a drain may take. It is read anew all the time: a quick stop may come while a worker drains. */
export interface Patience {
  mode: StopMode
  deadline: number
}

/** Who takes in new connections: the seam, or, without it, node:cluster. */
export type Intake = { readonly kind: 'shared'; readonly seam: Seam } | { readonly kind: 'cluster' }

/**
 * Lets go of all clients without failing a request: takes no new connection, ends each one after its next response
 * or once it was idle for as long as had been promised, and returns when none is left or the deadline has passed.
 */
export async function drain(intake: Intake, servers: Servers, patience: Patience): Promise<void> {
  await stopIntake(intake, servers)
  for (const traffic of servers.list()) traffic.drain()
  while (performance.now() < patience.deadline) {
    for (const traffic of servers.list()) {
      traffic.endIdle(performance.now(), patience.mode === 'quick' ? QUICK_IDLE_MS : Number.POSITIVE_INFINITY)
    }
    const counts = await Promise.all(servers.list().map((traffic) => traffic.count()))
    if (counts.every((count) => count === 0)) return
    await wait(LOOK_EVERY_MS)
  }
}

/** `http.Server.close()` would end idle connections at once, which races with their next request: only the part below. */
async function stopIntake(intake: Intake, servers: Servers): Promise<void> {
  switch (intake.kind) {
    case 'shared':
      return intake.seam.drain()
    case 'cluster':
      for (const { server } of servers.list()) if (server.listening) Server.prototype.close.call(server)
      // A server that was never seen can only be closed by node:cluster itself.
      if (!servers.hasAny) cluster.worker?.disconnect()
  }
}
