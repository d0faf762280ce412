import { readFileSync } from 'node:fs'
import type { AcceptMode } from '../protocol/orders.ts'
import { canBind } from './bound-socket.ts'
import type { Warning } from './host-settings.ts'

const SOMAXCONN = '/proc/sys/net/core/somaxconn'

/** The kernel cuts a backlog down without a word. Null where it does not, or where its limit is not to be known. */
export function warningOfBacklog(backlog: number): Warning | null {
  const most = somaxconn()
  if (most === null || backlog <= most) return null
  const text =
    `the kernel lets ${most} connections wait for a worker, not ${backlog} (--backlog). Raise its limit, ` +
    `sysctl net.core.somaxconn=${backlog}, or lower the backlog`
  return { code: 'SUPERVISOR_BACKLOG_CUT', text }
}

function somaxconn(): number | null {
  try {
    return Number(readFileSync(SOMAXCONN, 'utf8'))
  } catch {
    return null
  }
}

/** Null where connections are taken in as they are to be. */
export function warningOfFallback(accept: AcceptMode): Warning | null {
  if (canBind() || accept === 'cluster') return null
  const text = `this Node (${process.version}) lacks what sockets are held by: node:cluster distributes the connections`
  return { code: 'SUPERVISOR_NO_SEAM', text }
}
