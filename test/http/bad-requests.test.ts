import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cli } from '../harness/cli.ts'
import { factsOf, rawAnswer, serveFacts, STRANGER } from './facts.ts'

const HOST = 'Host: app.local\r\n'
/** A request that hides in what comes before it, if that is read in another way than a proxy has read it. */
const HIDDEN = `GET /hidden HTTP/1.1\r\n${HOST}\r\n`

let cli: Cli
beforeAll(async () => {
  cli = await serveFacts()
})
afterAll(() => cli[Symbol.asyncDispose]())

/** The answers to these bytes of somebody whom nobody trusts; only their status and body. */
async function answersTo(bytes: string): Promise<string> {
  return await rawAnswer({ port: cli.port, host: '127.0.0.1', localAddress: STRANGER }, bytes)
}

describe('is answered with 400, and never reaches the app:', () => {
  it.each<[string, string]>([
    ['two Content-Lengths', `POST /bad HTTP/1.1\r\n${HOST}Content-Length: 0\r\nContent-Length: 40\r\n\r\n${HIDDEN}`],
    [
      'one Content-Length twice',
      `POST /bad HTTP/1.1\r\n${HOST}Content-Length: 0\r\nContent-Length: 0\r\n\r\n${HIDDEN}`,
    ],
    [
      'Content-Length beside Transfer-Encoding',
      `POST /bad HTTP/1.1\r\n${HOST}Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      'an encoding after chunked',
      `POST /bad HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    ['a Content-Length that is no number', `POST /bad HTTP/1.1\r\n${HOST}Content-Length: +3\r\n\r\nabc${HIDDEN}`],
    ['a folded header', `GET /bad HTTP/1.1\r\n${HOST}X-Color: blue\r\n X-Forwarded-For: 6.6.6.6\r\n\r\n${HIDDEN}`],
    ['a first header that is folded', `GET /bad HTTP/1.1\r\n X-Forwarded-For: 6.6.6.6\r\n${HOST}\r\n${HIDDEN}`],
    ['NUL in a value', `GET /bad HTTP/1.1\r\n${HOST}X-Color: bl\0ue\r\n\r\n${HIDDEN}`],
    ['NUL in a name', `GET /bad HTTP/1.1\r\n${HOST}X-Co\0lor: blue\r\n\r\n${HIDDEN}`],
    ['a blank before the colon', `GET /bad HTTP/1.1\r\n${HOST}X-Forwarded-For : 6.6.6.6\r\n\r\n${HIDDEN}`],
    ['a bare CR in a value', `GET /bad HTTP/1.1\r\n${HOST}X-Color: blue\rX-Forwarded-For: 6.6.6.6\r\n\r\n${HIDDEN}`],
    ['bare LFs', `GET /bad HTTP/1.1\nHost: app.local\nX-Forwarded-For: 6.6.6.6\n\n${HIDDEN}`],
  ])('%s', async (_what, bytes) => {
    const answer = await answersTo(bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    // Nothing behind it is taken for a request.
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(cli.stdout).not.toMatch(/\[\w+ \/(bad|hidden)\]/)
  })

  it.each<[string, string]>([
    ['a length that is no number', 'zz\r\nabc\r\n0\r\n\r\n'],
    ['a length that is longer than it', '2\r\nabc\r\n0\r\n\r\n'],
    ['an extension with a bare LF', '3;a\n\r\nabc\r\n0\r\n\r\n'],
    ['a minus', '-1\r\nabc\r\n0\r\n\r\n'],
  ])('what comes behind a bad chunk, which the app may have begun to read: %s', async (_what, chunks) => {
    const answer = await answersTo(
      `POST /chunked HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${chunks}${HIDDEN}`,
    )
    expect(answer).not.toContain('/hidden')
    expect(cli.stdout).not.toContain('/hidden')
  })
})

describe('the PROXY protocol', () => {
  it.each<[string, string]>([
    ['version 1', 'PROXY TCP4 6.6.6.6 127.0.0.1 56324 443\r\n'],
    ['version 1, of an address unknown', 'PROXY UNKNOWN\r\n'],
    ['version 2', '\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\x06\x06\x06\x06\x7f\x00\x00\x01\xdc\x04\x01\xbb'],
  ])('is answered with a 400 that names it: %s', async (_what, line) => {
    const answer = await answersTo(`${line}${HIDDEN}`)
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/)
    expect(answer).toMatch(/\r\n\r\nThe PROXY protocol is not spoken here\..*X-Forwarded-For\.\n$/)
    expect(Number(/Content-Length: (\d+)/.exec(answer)?.[1])).toBe(answer.split('\r\n\r\n')[1]?.length)
  })

  it('is not mistaken for other bad requests, which the app may answer in its own way', async () => {
    const answer = await answersTo(`PROXYING / HTTP/1.1\r\n${HOST}\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(answer).not.toContain('PROXY')
  })

  it('is not answered within a connection whose requests are answered', async () => {
    const answer = await answersTo(`GET /first HTTP/1.1\r\n${HOST}\r\nPROXY TCP4 6.6.6.6 127.0.0.1 56324 443\r\n`)
    expect(answer).not.toContain('PROXY')
  })
})

it('goes on serving after all of that', async () => {
  expect((await factsOf({ port: cli.port, path: '/good' })).url).toBe('/good')
  expect(cli.events('worker-exited')).toEqual([])
  expect(cli.stderr).toBe('')
})
