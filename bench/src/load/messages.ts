/** Whether a connection is used again, or each request opens one of its own. */
export type Mode = 'keep-alive' | 'fresh'
export const MODES: readonly Mode[] = ['keep-alive', 'fresh']

/** How much the client asks for. */
export interface Demand {
  readonly connections: number
  /** The longest time that a connection rests between two requests; each rest is as long as chance will have it. */
  readonly pauseMs: number
}

/** How a request can fail. `reset` includes a connection that is closed before the whole answer has come. */
export type FailureKind = 'refused' | 'reset' | 'hung' | 'wrong status'
export const FAILURE_KINDS: readonly FailureKind[] = ['refused', 'reset', 'hung', 'wrong status']

/** From the bench to the client. */
export type Order =
  | { readonly type: 'start'; readonly port: number; readonly mode: Mode; readonly demand: Demand }
  /** Ends processes, and counts in the same moment how many requests are in flight. */
  | { readonly type: 'kill'; readonly pids: readonly number[] }
  /** Lets the requests in flight come to their end, and begins no others. */
  | { readonly type: 'stop' }

/** From the client to the bench. */
export type News =
  | { readonly type: 'count'; readonly requests: number; readonly answeredBy: readonly number[] }
  | { readonly type: 'result'; readonly result: LoadResult }

export interface LoadResult {
  /** Answered or failed. */
  readonly requests: number
  readonly failures: readonly Failure[]
  readonly answerers: readonly Answerer[]
  readonly slowestMs: number
  readonly kill: Kill | null
}

/** All times are those of the clock that processes share. */
export interface Failure {
  readonly kind: FailureKind
  readonly begunAt: number
  readonly failedAt: number
}

/** A process that has answered, and when it did. */
export interface Answerer {
  readonly pid: number
  readonly firstAt: number
  readonly lastAt: number
}

export interface Kill {
  readonly at: number
  readonly inFlight: number
}
