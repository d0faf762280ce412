import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { HttpRules, ResponseHeader } from '../protocol/http-rules.ts'
import type { Arrival, Step } from './arrival.ts'

/** Where the headers stand among the arguments by which a stream of HTTP/2 is answered; options come after them. */
const ANSWERS = { respond: 0, respondWithFD: 1, respondWithFile: 1 } as const

/**
 * Adds headers to every response that does not have them already, in the moment in which it is sent: error handlers of
 * frameworks throw away what was set before. From an upgrade on the connection is the app's own. `ownOf` gives the header
 * that each response has for itself.
 */
export function addHeaders(
  { add, hasDate }: NonNullable<HttpRules['headers']> = { add: [], hasDate: true },
  ownOf?: (arrival: Arrival) => ResponseHeader,
): Step {
  return (arrival) => {
    const added = ownOf === undefined ? add : [ownOf(arrival), ...add]
    if (arrival.kind === 'request') {
      if (!hasDate) arrival.response.sendDate = false
      completeResponse(arrival.response, added)
    } else if (arrival.kind === 'stream') completeStream(arrival.stream, added, hasDate)
    return 'passed'
  }
}

function completeResponse(response: ServerResponse, added: readonly ResponseHeader[]): void {
  if (added.length === 0) return
  const writeHead = response.writeHead
  // Also Node itself calls this, for headers that the app has only set.
  response.writeHead = (...values: unknown[]): ServerResponse => {
    const given = values.at(-1)
    const unset = added.filter(([name]) => !response.hasHeader(name))
    if (typeof given === 'object' && given !== null) values[values.length - 1] = completed(given, unset)
    else if (!response.headersSent) for (const [name, value] of unset) response.setHeader(name, value)
    return Reflect.apply(writeHead, response, values)
  }
}

function completeStream(stream: ServerHttp2Stream, added: readonly ResponseHeader[], hasDate: boolean): void {
  const own = stream as unknown as Record<keyof typeof ANSWERS, (...values: unknown[]) => unknown>
  for (const [name, index] of Object.entries(ANSWERS) as [keyof typeof ANSWERS, number][]) {
    const answer = own[name]
    own[name] = (...values) => {
      values[index] = completed(values[index] ?? {}, added)
      if (!hasDate) values[index + 1] = { ...(values[index + 1] as object | undefined), sendDate: false }
      return Reflect.apply(answer, stream, values)
    }
  }
}

/** What an app has said, and what it has not. It may say it as an object, as one flat list, or as a list of pairs. */
function completed(given: object, added: readonly ResponseHeader[]): object {
  const names = new Set(namesIn(given))
  const missing = added.filter(([name]) => !names.has(name.toLowerCase()))
  if (!Array.isArray(given)) return { ...Object.fromEntries(missing), ...given }
  return Array.isArray(given[0]) ? [...given, ...missing] : [...given, ...missing.flat()]
}

/** In lower case. */
function namesIn(given: object): string[] {
  const names: unknown[] = !Array.isArray(given)
    ? Object.keys(given)
    : Array.isArray(given[0])
      ? given.map((pair: unknown[]) => pair[0])
      : given.filter((_, index) => index % 2 === 0)
  return names.map((name) => String(name).toLowerCase())
}
