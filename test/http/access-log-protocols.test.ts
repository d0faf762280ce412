import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fixture } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { until, within } from '../harness/until.ts'
import { get, Logged, Raw } from './access.ts'

const LISTENS = 'access-log-listens.mjs'

describe('what is no request', () => {
  it('has a line with what was answered', async () => {
    await using logged = await Logged.start(LISTENS)
    for (const [sent, status] of [
      ['nonsense\r\n\r\n', 400],
      [get('/x', `X-Long: ${'x'.repeat(20_000)}`), 431],
      [get('/x', 'Content-Length: 1', 'Content-Length: 2'), 400],
    ] as const) {
      const before = (await logged.texts(0)).length
      using raw = new Raw(logged.port, sent)
      await raw.closed()
      expect(raw.heard).toContain(`HTTP/1.1 ${status} `)
      const line = (await logged.lines(before + 1)).at(-1)
      expect(line).toMatchObject({ method: null, url: null, client: '127.0.0.1', status, aborted: false })
    }
    // A body that breaks off is the end of a request that is known by then: one line.
    using raw = new Raw(logged.port, 'POST /never HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n')
    await raw.closed()
    expect((await logged.lines(4)).at(-1)).toMatchObject({ url: '/never', status: 400, aborted: true })
    await ask({ port: logged.port, path: '/after' })
    expect((await logged.lines(5)).at(-1)).toMatchObject({ url: '/after' })
  })
})

describe('what Node answers without the app', () => {
  it.each([
    ['a request without Host', '', 400],
    ['an expectation that nobody has', 'Host: x\r\nExpect: miracles\r\n', 417],
  ])('has a line: %s', async (_what, headers, status) => {
    await using logged = await Logged.start(LISTENS)
    using raw = new Raw(logged.port, `GET /x HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`)
    await raw.closed()
    expect(raw.heard).toContain(`HTTP/1.1 ${status} `)
    expect(await logged.lines(1)).toEqual([expect.objectContaining({ url: '/x', status, bytes: 0, aborted: false })])
  })
})

describe('connections that the app takes over', () => {
  it('have one line, when they end', async () => {
    await using logged = await Logged.start(LISTENS)
    const upgrade = ['Connection: Upgrade', 'Upgrade: echo']
    using open = new Raw(logged.port, get('/socket', ...upgrade))
    await open.hears('101 Switching')
    open.socket.write('echo this')
    await open.hears('echo this')
    using refused = new Raw(logged.port, get('/refused', ...upgrade))
    await refused.closed()
    expect(await logged.lines(1)).toEqual([expect.objectContaining({ url: '/refused', status: 403, aborted: false })])
    using tunnel = new Raw(logged.port, 'CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n')
    await tunnel.closed()
    expect((await logged.lines(2))[1]).toMatchObject({ method: 'CONNECT', url: 'a.example:443', status: 200 })
    open.socket.end()
    const sent = open.heard.length
    expect((await logged.lines(3))[2]).toMatchObject({ url: '/socket', status: 101, bytes: sent, aborted: false })
  })
})

describe('HTTP/2', () => {
  it('has a line for each stream', async () => {
    await using logged = await Logged.start(LISTENS, [], { env: { HTTP2: '1' } })
    const address = await until('both are bound', () => logged.cli.events('listener-bound')[1]?.['address'])
    const session = http2.connect(`http://${String(address)}`)
    session.on('error', () => {})
    onTestFinished(() => session.destroy())
    const headers = { 'user-agent': 'test/2' }
    for (const path of ['/a', '/chunks', '/file'])
      await within(path, text(session.request({ ':path': path, ...headers })))
    session.request({ ':path': '/head', ':method': 'HEAD' }).end().resume()
    const done = await logged.lines(4)
    const { length } = readFileSync(fixture(LISTENS))
    expect(done.map(({ url, status, bytes, aborted }) => [url, status, bytes, aborted])).toEqual([
      ['/a', 200, 5, false],
      ['/chunks', 200, 12, false],
      ['/file', 200, length, false],
      ['/head', 201, 0, false],
    ])
    expect(done[0]).toMatchObject({ protocol: 'HTTP/2.0', client: '127.0.0.1', userAgent: 'test/2', method: 'GET' })
    const stream = session.request({ ':path': '/begun' })
    stream.on('error', () => {}).once('data', () => stream.close(http2.constants.NGHTTP2_CANCEL))
    expect((await logged.lines(5))[4]).toMatchObject({ url: '/begun', status: 200, bytes: 5, aborted: true })
  })
})
