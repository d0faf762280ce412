import type { ServerResponse } from 'node:http'

/**
 * Makes a response the last one on its connection, whatever headers the app asks for; unless, by the time its headers
 * are sent, another request has come on that connection, whose response is to be the last one then.
 */
export function endAfter(response: ServerResponse, isNewest: () => boolean): void {
  if (response.headersSent) return
  const writeHead = response.writeHead
  // Also Node itself calls this, for headers that the app has only set.
  response.writeHead = (...values: unknown[]): ServerResponse => {
    if (!isNewest()) return Reflect.apply(writeHead, response, values)
    response.shouldKeepAlive = false
    const headers = values.at(-1)
    if (Array.isArray(headers)) {
      values[values.length - 1] = closingList(headers)
      response.removeHeader('Connection')
    } else {
      if (typeof headers === 'object' && headers !== null) values[values.length - 1] = withoutConnection(headers)
      response.setHeader('Connection', 'close')
    }
    return Reflect.apply(writeHead, response, values)
  }
}

function withoutConnection(headers: object): object {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isConnection(name)))
}

/** `writeHead` takes headers also as one flat list, or as a list of pairs. */
function closingList(headers: readonly unknown[]): unknown[] {
  if (Array.isArray(headers[0])) {
    return [...headers.filter((pair) => !isConnection((pair as unknown[])[0])), ['Connection', 'close']]
  }
  return [...headers.filter((_, index) => !isConnection(headers[index - (index % 2)])), 'Connection', 'close']
}

function isConnection(name: unknown): boolean {
  return String(name).toLowerCase() === 'connection'
}
