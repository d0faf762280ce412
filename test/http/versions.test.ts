import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Cli } from '../harness/cli.ts'
import { rawAnswer, serveFacts, STRANGER } from './facts.ts'

const LIES = 'Host: app.local\r\nX-Forwarded-For: 6.6.6.6\r\n'
const KINDS = {
  'a request': (version: string) => `GET / HTTP/${version}\r\n${LIES}\r\n`,
  'a request that expects to go on': (version: string) =>
    `POST / HTTP/${version}\r\n${LIES}Expect: 100-continue\r\nContent-Length: 1\r\n\r\n`,
  'an upgrade': (version: string) =>
    `GET /upgrade HTTP/${version}\r\n${LIES}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  CONNECT: (version: string) => `CONNECT app.local:443 HTTP/${version}\r\n${LIES}\r\n`,
}

let cli: Cli
beforeAll(async () => {
  cli = await serveFacts(['--root-path', '/app', '--request-id'])
})
afterAll(() => cli[Symbol.asyncDispose]())

it.each(
  Object.entries(KINDS).flatMap(([kind, bytes]) =>
    ['0.9', '2.0', '2.1'].map((version) => [kind, version, bytes] as const),
  ),
)('%s of HTTP/%s over a connection of HTTP/1.1 is refused, and passes nothing on', async (_kind, version, bytes) => {
  const answer = await rawAnswer({ port: cli.port, host: '127.0.0.1', localAddress: STRANGER }, bytes(version))
  // Node's own parser refuses some of them, by its version.
  expect(answer).toMatch(/^HTTP\/1\.1 (505 HTTP Version Not Supported|400 Bad Request)\r\n/)
  expect(answer).not.toContain('6.6.6.6')
})

it.each(['0.9', '2.0'])('%s is answered with 505, which says what is wrong', async (version) => {
  const bytes = KINDS['a request'](version)
  const answer = await rawAnswer({ port: cli.port, host: '127.0.0.1', localAddress: STRANGER }, bytes)
  expect(answer).toMatch(/^HTTP\/1\.1 505 /)
})
