import type { Settings } from '../../packages/supervisor/src/core/types.ts'

/** What a supervisor does only if it is asked to, all of it off. */
export const NOTHING_SPECIAL: Omit<Settings, 'workers' | 'bootTimeoutMs' | 'gracefulTimeoutMs' | 'killTimeoutMs'> = {
  canaryMs: 0,
  maxSurge: 1,
  rolling: false,
  spares: 0,
  isSticky: false,
  shutdownDelayMs: 0,
  timeoutMs: 0,
  maxRequests: 0,
  maxRequestsJitter: 0,
  maxAgeMs: 0,
  maxMemory: 0,
  maxLoopDelayMs: 0,
  giveUpMs: 0,
  isDevelopment: false,
}
