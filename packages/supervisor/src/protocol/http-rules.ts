import type { AccessLogRules } from './access-log.ts'

/** A header for every response: its name as it is written, and its value, or several of them. */
export type ResponseHeader = readonly [name: string, value: string | readonly string[]]

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
}
