import { header, rootPath, trustedPeer } from './http-kinds.ts'
import { toggle } from './kinds.ts'
import type { OptionTable } from './option.ts'

/** The options by which HTTP is treated on its way to the app and back. */
export const HTTP_OPTIONS: OptionTable<
  'forwardedAllowIps' | 'rootPath' | 'header' | 'serverHeader' | 'dateHeader' | 'requestId'
> = {
  forwardedAllowIps: {
    flag: 'forwarded-allow-ips',
    convention: 'FORWARDED_ALLOW_IPS',
    describe:
      'The proxies whose X-Forwarded-* and Forwarded are believed: addresses, networks (10.0.0.0/8), unix for Unix ' +
      'sockets, * for all, none, with commas in between. From others these headers are removed',
    default: '127.0.0.1,::1,unix',
    group: 'HTTP',
    isList: true,
    between: { variable: /[\s,]+/, flag: /\s*,\s*/ },
    kind: trustedPeer(),
  },
  rootPath: {
    flag: 'root-path',
    describe:
      'The path that a proxy serves the app at, such as /shop: the app sees its URLs without it, whether the proxy ' +
      'takes it away or not',
    default: null,
    group: 'HTTP',
    kind: rootPath(),
  },
  header: {
    flag: 'header',
    describe: 'A header for every response that does not have it, as name:value. Can be given several times',
    default: null,
    group: 'HTTP',
    isList: true,
    between: { variable: /\r?\n/ },
    kind: header(),
  },
  serverHeader: {
    flag: 'server-header',
    describe: 'Say "Server: prefork" in responses',
    default: 'false',
    group: 'HTTP',
    kind: toggle(),
  },
  dateHeader: {
    flag: 'date-header',
    describe: 'Say the date in responses; --no-date-header turns it off',
    default: 'true',
    group: 'HTTP',
    kind: toggle(),
  },
  requestId: {
    flag: 'request-id',
    describe: 'Give every request an X-Request-Id, which the response has too; that of a trusted proxy is kept',
    default: 'false',
    group: 'HTTP',
    kind: toggle(),
  },
}
