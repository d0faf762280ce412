/** A request that a worker has taken and not answered yet. */
export interface RequestInFlight {
  readonly method: string
  readonly path: string
  readonly ageMs: number
}

/** What was found out about a worker whose event loop gives no sign of life. */
export type Verdict =
  /** JavaScript runs, and does not come to an end: its stack, and the requests that wait for it. */
  | { readonly kind: 'stack'; readonly stack: string; readonly requests: readonly RequestInFlight[] }
  /** Something below JavaScript blocks: no inspector opens. */
  | { readonly kind: 'native' }
  /** Somebody's debugger is attached: the worker stands still because it is looked at. */
  | { readonly kind: 'debugged' }
  /** Its event loop has turned to answer, and has nothing to do: it has come back, whatever it was. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'unavailable'; readonly why: string }
