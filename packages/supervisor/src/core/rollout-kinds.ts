import type { ReloadFailure } from './failure.ts'
import type { Settings } from './types.ts'

/** The generation that a reload rolls in. */
export interface Target {
  readonly generation: number
  readonly settings: Settings
  readonly workers: number
  readonly since: number
}

/** A reload that is under way. */
export type Rollout =
  /** It waits for the first generation to serve. */
  | { readonly kind: 'queued' }
  /** Configuration and files are read. `again`: meanwhile another reload was asked for. */
  | { readonly kind: 'preparing'; readonly generation: number; readonly since: number; readonly again: boolean }
  /** One worker of the new generation boots, and is judged from then on. */
  | { readonly kind: 'canary'; readonly target: Target; readonly readyAt: number | null }
  /** The others boot; nobody accepts yet. */
  | { readonly kind: 'filling'; readonly target: Target }
  /** Slot after slot gets a worker of the new generation: both serve. */
  | { readonly kind: 'rolling'; readonly target: Target }
  /** Slot after slot gets a worker of the old generation back. */
  | { readonly kind: 'rolling-back'; readonly target: Target; readonly failure: ReloadFailure }
  /** In development: the old generation has left, and the new one boots in its place. */
  | { readonly kind: 'replacing'; readonly target: Target }
  /** The new generation has taken over; some old worker may still take a connection. */
  | { readonly kind: 'switched'; readonly target: Target }
