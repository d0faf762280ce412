import type { ServerResponse } from 'node:http'

/**
 * Keeps the headers that the app gives to `writeHead`: Node keeps those alone that were set before. Returns the function
 * that looks one up.
 */
export function keepSentHeaders(response: ServerResponse): (name: string) => unknown {
  const { writeHead } = response
  let given: unknown
  response.writeHead = (...values: unknown[]): ServerResponse => {
    given = values.at(-1)
    return Reflect.apply(writeHead, response, values)
  }
  return (name) => response.getHeader(name) ?? valueIn(given, name)
}

/** `writeHead` takes headers as an object, as one flat list, or as a list of pairs. */
function valueIn(given: unknown, name: string): unknown {
  if (typeof given !== 'object' || given === null) return undefined
  const entries = !Array.isArray(given) ? Object.entries(given) : Array.isArray(given[0]) ? given : pairsOf(given)
  return (entries as [unknown, unknown][]).find(([key]) => String(key).toLowerCase() === name)?.[1]
}

function pairsOf(flat: readonly unknown[]): unknown[][] {
  return flat.flatMap((_, index) => (index % 2 === 0 ? [flat.slice(index, index + 2)] : []))
}
