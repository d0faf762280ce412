import type { AccessLogRules } from './access-log.ts'

/** A header for every response: its name as it is written, and its value, or several of them. */
export type ResponseHeader = readonly [name: string, value: string | readonly string[]]

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

/** What a worker is told to do to HTTP traffic, before the app sees it. What is left out is not done. */
export interface HttpRules {
  /** Whose word on the client is taken, as `--forwarded-allow-ips` names them. */
  readonly proxy?: readonly string[]
  /** The path that the app is mounted at; it begins with a slash and does not end with one. */
  readonly rootPath?: string
  /** Whether every request has an id. */
  readonly requestId?: true
  /** What responses say beside what the app has them say. */
  readonly headers?: { readonly add: readonly ResponseHeader[]; readonly hasDate: boolean }
  /** How requests are written down. */
  readonly accessLog?: AccessLogRules
  readonly limits: Limits
}
