import type { Limits, ServerLimits } from '../protocol/http-rules.ts'
import type { Config } from './config.ts'

/** Node's own, unless a request may not even take that long. */
const DEFAULT_HEADERS_MS = 60_000
/** How often Node looks for slow clients; where somebody has chosen how slow they may be, that is to be kept to. */
const SLOWEST_SWEEP_MS = 30_000
const FASTEST_SWEEP_MS = 50

/** Which bounds somebody has chosen. */
export function limitsOf(config: Config): Limits {
  const { limitConcurrency, maxHeaders, backlog } = config
  return { concurrency: limitConcurrency, headers: maxHeaders, backlog, server: serverLimitsOf(config) }
}

function serverLimitsOf(config: Config): ServerLimits {
  const { timeoutKeepAliveMs, timeoutRequestMs, maxHeaderSize, maxHeaders } = config
  const headersMs = config.timeoutHeadersMs ?? headersWithin(timeoutRequestMs)
  const chosen = [headersMs, timeoutRequestMs].filter((ms) => ms !== null && ms > 0) as number[]
  return {
    ...(timeoutKeepAliveMs !== null && { keepAliveTimeout: timeoutKeepAliveMs }),
    ...(headersMs !== null && { headersTimeout: headersMs }),
    ...(timeoutRequestMs !== null && { requestTimeout: timeoutRequestMs }),
    ...(chosen.length > 0 && { connectionsCheckingInterval: sweepFor(Math.min(...chosen)) }),
    ...(maxHeaderSize !== null && { maxHeaderSize }),
    // Node leaves out what is beyond its limit: with one more it shows that there was too much.
    ...(maxHeaders !== null && { maxHeadersCount: maxHeaders + 1 }),
  }
}

/** The head of a request must not be given longer than the whole of it. */
function headersWithin(requestMs: number | null): number | null {
  return requestMs === null || requestMs === 0 ? null : Math.min(DEFAULT_HEADERS_MS, requestMs)
}

function sweepFor(timeoutMs: number): number {
  return Math.max(FASTEST_SWEEP_MS, Math.min(SLOWEST_SWEEP_MS, Math.round(timeoutMs / 4)))
}
