import type { LeaveReason, ForkReason, Settings, WorkerId } from '../../packages/supervisor/src/core/types.ts'

/** A process as it really is, which the core can only guess at. */
export interface Process {
  readonly id: WorkerId
  readonly index: number
  readonly generation: number
  readonly settings: Settings
  reason: ForkReason
  /** How far it has come by itself. A process that `fails` has said so, and exits sooner or later. */
  stage: 'forking' | 'loading' | 'loaded' | 'ready' | 'accepting' | 'failing'
  mayAccept: boolean
  order: 'none' | 'drain' | 'kill'
  leaves: LeaveReason | null
  /** How long it has for its requests, since it was asked to leave. */
  graceMs: number
  /** How often it was told, by a quick stop or for want of room, that it is urgent. */
  hurries: number
  /** It drains, and has said that it takes nothing any more. */
  isIntakeClosed: boolean
  isUnready: boolean
  /** When it gave its last sign of life; null before it was ready. */
  beatAt: number | null
  requests: number
  /** How many looks at it have not come back yet. */
  inspections: number
  /** How many have. */
  looks: number
  /** Not even SIGKILL ends it. */
  readonly isImmortal: boolean
}

/** Whether it takes connections, or will as soon as it has read its orders. */
export function takesConnections({ mayAccept, order, isIntakeClosed }: Process): boolean {
  return mayAccept && order !== 'kill' && !isIntakeClosed
}

/** Whether it serves, and nobody has asked it to leave. */
export function isInService({ stage, mayAccept, order }: Process): boolean {
  return order === 'none' && mayAccept && (stage === 'ready' || stage === 'accepting')
}
