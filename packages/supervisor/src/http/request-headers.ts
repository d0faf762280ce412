import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Arrival } from './arrival.ts'

/** The headers of a request by their names in lower case. */
export function headersOf(arrival: Arrival): IncomingHttpHeaders {
  return arrival.kind === 'stream' ? arrival.headers : arrival.request.headers
}

/** The headers of a request as they came: names and values in turn. */
export function rawHeadersOf(arrival: Arrival): string[] {
  return arrival.kind === 'stream' ? arrival.rawHeaders : arrival.request.rawHeaders
}

/** Takes headers out of a request, in each form in which the app may look at them. */
export function removeHeaders(arrival: Arrival, isMeant: (name: string) => boolean): void {
  const raw = rawHeadersOf(arrival)
  let end = raw.findIndex((text, index) => index % 2 === 0 && isMeant(text))
  if (end === -1) return
  const forms = formsOf(arrival)
  for (let index = end; index < raw.length; index += 2) {
    const [name = '', value = ''] = [raw[index], raw[index + 1]]
    if (isMeant(name)) {
      for (const form of forms) Reflect.deleteProperty(form, name.toLowerCase())
    } else {
      raw[end++] = name
      raw[end++] = value
    }
  }
  raw.length = end
}

/** Gives a request a header, in place of any that it has. */
export function setHeader(arrival: Arrival, { name, key, inDistinct }: NewHeader, value: string): void {
  removeHeaders(arrival, (other) => other.length === key.length && other.toLowerCase() === key)
  headersOf(arrival)[key] = value
  rawHeadersOf(arrival).push(name, value)
  if (arrival.kind !== 'stream') Object.defineProperty(arrival.request, 'headersDistinct', inDistinct)
}

/** A header that requests are given. */
export interface NewHeader {
  readonly name: string
  readonly key: string
  /** Completes `headersDistinct` when it is looked at, which few apps do: it takes Node longer than all the rest takes us. */
  readonly inDistinct: PropertyDescriptor
}

/** What is to be known of a header that requests are given, but for its value. */
export function newHeader(name: string): NewHeader {
  const key = name.toLowerCase()
  function get(this: IncomingMessage): NodeJS.Dict<string[]> {
    Reflect.deleteProperty(this, 'headersDistinct')
    this.headersDistinct[key] = [String(this.headers[key])]
    return this.headersDistinct
  }
  function set(this: IncomingMessage, value: NodeJS.Dict<string[]>): void {
    Reflect.deleteProperty(this, 'headersDistinct')
    Reflect.set(this, 'headersDistinct', value)
  }
  return { name, key, inDistinct: { configurable: true, get, set } }
}

/**
 * The headers by name. Node makes these out of `rawHeaders` when they are first asked for, and by as many as had come: it
 * has to be done before any is taken away or added.
 */
function formsOf(arrival: Arrival): Record<string, unknown>[] {
  const forms: object[] =
    arrival.kind === 'stream' ? [arrival.headers] : [arrival.request.headers, arrival.request.headersDistinct]
  return forms as Record<string, unknown>[]
}
