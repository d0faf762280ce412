/** What a worker is told to do to HTTP traffic, before the app sees it. */
export interface HttpRules {
  readonly limits: Limits
}

/** Within which bounds clients are kept. Null, or absent: nobody has chosen any. */
export interface Limits {
  /** How many requests may be in flight. */
  readonly concurrency: number | null
  /** How many headers a request may have. */
  readonly headers: number | null
  readonly backlog: number | null
  /** What is set on every server that speaks HTTP/1.1, under Node's names. */
  readonly server: ServerLimits
}

export interface ServerLimits {
  readonly keepAliveTimeout?: number
  readonly headersTimeout?: number
  readonly requestTimeout?: number
  readonly maxHeadersCount?: number
  readonly maxHeaderSize?: number
  /** How often the server looks for who is too slow. It is read when the server begins to listen. */
  readonly connectionsCheckingInterval?: number
}
