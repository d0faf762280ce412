import type { AccessLogRules } from './access-log.ts'

/** What a worker is told to do to HTTP traffic, before the app sees it. */
export interface HttpRules {
  /** Null where requests are not written down. */
  readonly accessLog: AccessLogRules | null
}
