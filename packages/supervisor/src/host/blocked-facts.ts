import type { RequestInFlight } from '../core/verdict.ts'
import { AGENT_SYMBOL, INSPECTOR_SYMBOL } from '../protocol/names.ts'
import { ASKER, readableStack } from './blocked-stack.ts'

/** What a blocked worker says of itself. */
export interface Facts {
  readonly pid: number
  readonly stack: string
  readonly requests: readonly RequestInFlight[]
}

const MOST_REQUESTS = 20
const LONGEST_METHOD = 20
const LONGEST_PATH = 500
/** More frames than are shown, so that the outermost of an ordinary stack are among them. */
const FRAMES = 200

/**
 * Is evaluated wherever the worker happens to be, on top of what blocks it, so that the stack of a new error is the
 * stack of the culprit. Loads nothing and calls nothing of the app, but for an `Error.prepareStackTrace` of its own.
 */
export const FACTS: string = `(function ${ASKER}() {
  const limit = Error.stackTraceLimit
  let stack = ''
  let requests = []
  try { Error.stackTraceLimit = ${FRAMES}; stack = String(new Error().stack) } catch {}
  try { Error.stackTraceLimit = limit } catch {}
  try { requests = globalThis[Symbol.for('${AGENT_SYMBOL}')]?.inFlight?.() ?? [] } catch {}
  return JSON.stringify({ pid: process.pid, stack, requests })
})()`

export const CLOSE: string = `globalThis[Symbol.for('${INSPECTOR_SYMBOL}')]?.close()`

/** Reads what `FACTS` evaluates to. Null if that is not what the inspector has answered. */
export function parseFacts(answer: unknown): Facts | null {
  const { result } = answer as { readonly result?: { readonly value?: unknown } }
  if (typeof result?.value !== 'string') return null
  const { pid, stack, requests } = JSON.parse(result.value) as Readonly<Record<string, unknown>>
  if (typeof pid !== 'number' || typeof stack !== 'string') return null
  return { pid, stack: readableStack(stack), requests: requestsIn(requests) }
}

function requestsIn(value: unknown): RequestInFlight[] {
  if (!Array.isArray(value)) return []
  return value.slice(0, MOST_REQUESTS).flatMap((item: unknown) => {
    if (typeof item !== 'object' || item === null) return []
    const { method, path, ageMs } = item as Readonly<Record<string, unknown>>
    if (typeof method !== 'string' || typeof path !== 'string' || typeof ageMs !== 'number') return []
    return [{ method: method.slice(0, LONGEST_METHOD), path: path.slice(0, LONGEST_PATH), ageMs }]
  })
}
