import type { HttpRules, ResponseHeader } from '../protocol/http-rules.ts'
import type { Options } from './config.ts'

/** What `--server-header` says. */
const SERVER: ResponseHeader = ['Server', 'prefork']

/** What workers are told to do to HTTP traffic. */
export function httpRulesOf(options: Options): Omit<HttpRules, 'limits'> {
  const { forwardedAllowIps, rootPath, dateHeader, requestId } = options
  const add = headersOf(options)
  return {
    proxy: forwardedAllowIps,
    ...(rootPath !== null && rootPath !== '/' && { rootPath }),
    ...(requestId && { requestId }),
    ...((add.length > 0 || !dateHeader) && { headers: { add, hasDate: dateHeader } }),
  }
}

/** A name that is given several times has several values. */
function headersOf({ header, serverHeader }: Options): ResponseHeader[] {
  const headers = new Map<string, ResponseHeader>()
  for (const text of header) {
    const colon = text.indexOf(': ')
    const [name, value] = [text.slice(0, colon), text.slice(colon + 2)]
    const before = headers.get(name.toLowerCase())
    headers.set(name.toLowerCase(), before === undefined ? [name, value] : [before[0], [before[1], value].flat()])
  }
  if (serverHeader && !headers.has('server')) headers.set('server', SERVER)
  return [...headers.values()]
}
