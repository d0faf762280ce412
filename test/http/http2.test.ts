import { constants } from 'node:http2'
import { describe, expect, it } from 'vitest'
import { until, within } from '../harness/until.ts'
import { Exchange, factsOf, GET } from './exchange.ts'
import { Client, Secured } from './secured.ts'

describe('--http2', () => {
  it.each([
    [['--http2'], ['h2', 'http/1.1'], 'h2'],
    [['--http2'], ['http/1.1'], 'http/1.1'],
    [['--http2'], undefined, false],
    [[], ['h2', 'http/1.1'], 'http/1.1'],
  ])('%j: a client that speaks %j is spoken to in %s', async (args, protocols, expected) => {
    using secured = new Secured()
    await using cli = await secured.serve(args)
    const options = { ca: secured.current.cert, ...(protocols && { ALPNProtocols: protocols }) }
    using one = await Exchange.secure(cli.port, options)
    expect(one.socket.alpnProtocol).toBe(expected)
    if (expected === 'h2') return
    expect(factsOf(await one.send(GET).answer()).version).toBe('1.1')
  })

  it.each([
    ['a handler', 'export default (request, response) => response.end(request.url)'],
    ['fetch(request)', 'export default { fetch: ({ url }) => new Response(new URL(url).pathname) }'],
    [
      'an http.Server',
      `import { createServer } from 'node:http'
       export default createServer((request, response) => response.end(request.url))`,
    ],
  ])('serves %s', async (_what, code) => {
    using secured = new Secured()
    await using cli = await secured.serve(['--http2'], code)
    using client = new Client(cli.port, { ca: secured.current.cert })
    const answers = await Promise.all(['/a', '/b', '/c'].map((path) => client.ask({ ':path': path })))
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, '/a'],
      [200, '/b'],
      [200, '/c'],
    ])
  })

  it('keeps HTTP/1.1 connections as long as is chosen', async () => {
    using secured = new Secured()
    await using cli = await secured.serve(['--http2', '--timeout-keep-alive', '0.2'])
    using one = await Exchange.secure(cli.port, { ca: secured.current.cert })
    expect(await one.send(GET).answer()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    await one.closed()
  })

  it('ends a session that is idle for so long, but none with an open stream', async () => {
    using secured = new Secured()
    await using cli = await secured.serve(['--http2', '--timeout-keep-alive', '0.2'])
    const options = { ca: secured.current.cert }
    using busy = new Client(cli.port, options)
    const stream = busy.begin({ ':method': 'POST' })
    using idle = new Client(cli.port, options)
    expect((await idle.ask()).status).toBe(200)
    await until('the idle one has ended', () => idle.isClosed)
    expect([idle.error, busy.hasGoneAway]).toEqual([null, false])
    expect((await stream.end()).status).toBe(200)
    await until('the other one has ended', () => busy.isClosed)
    expect(busy.error).toBe(null)
  })

  it('answers 503 beyond --limit-concurrency, whatever connection the streams are on', async () => {
    using secured = new Secured()
    await using cli = await secured.serve(['--http2', '--limit-concurrency', '2'])
    const options = { ca: secured.current.cert }
    using client = new Client(cli.port, options)
    const first = client.begin({ ':method': 'POST' })
    const second = client.begin({ ':method': 'POST' })
    // Streams of one session come in order.
    const refused = await client.ask()
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1'])
    using other = await Exchange.secure(cli.port, options)
    expect(await other.send(GET).closed()).toMatch(/^HTTP\/1\.1 503 /)
    expect([(await first.end()).status, (await second.end()).status]).toEqual([200, 200])
    await until('a request is let in', async () => (await client.ask()).status === 200)
  })

  it('survives a refused HEAD, and refused requests that are reset', async () => {
    using secured = new Secured()
    await using cli = await secured.serve(['--http2', '--limit-concurrency', '1'])
    using client = new Client(cli.port, { ca: secured.current.cert })
    const first = client.begin({ ':method': 'POST' })
    expect(await client.ask({ ':method': 'HEAD' })).toMatchObject({ status: 503, body: '' })
    const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = constants
    for (const code of [NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR]) {
      const reset = client.session.request({ ':path': '/', ':method': 'POST' }).on('error', () => {})
      reset.close(code)
      await within('it is closed', new Promise((resolve) => reset.once('close', resolve)))
    }
    expect(await client.ask()).toMatchObject({ status: 503, body: 'Service Unavailable' })
    expect((await first.end()).status).toBe(200)
    expect(cli.events('worker-exited')).toEqual([])
  })

  it('answers 431 to more headers than --max-headers says', async () => {
    using secured = new Secured()
    await using cli = await secured.serve(['--http2', '--max-headers', '200'])
    using client = new Client(cli.port, { ca: secured.current.cert })
    const withHeaders = (count: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, 'x']))
    expect((await client.ask(withHeaders(200))).status).toBe(200)
    expect((await client.ask(withHeaders(201))).status).toBe(431)
  })

  it('answers 431 to headers that are longer than --max-header-size says, from the first request on', async () => {
    using secured = new Secured()
    await using cli = await secured.serve(['--http2', '--max-header-size', '20000'])
    const options = { ca: secured.current.cert }
    for (let session = 0; session < 2; session++) {
      using client = new Client(cli.port, options)
      const sizes = [21_000, 18_000, 21_000, 18_000]
      const answers: number[] = []
      for (const size of sizes) answers.push((await client.ask({ 'x-long': 'x'.repeat(size) })).status)
      expect(answers).toEqual([431, 200, 431, 200])
    }
  })

  it('ends a stream whose request has not come whole after --timeout-request, and no other', async () => {
    using secured = new Secured()
    // The slow one answers a request that has come at once, but later than that.
    const app = `
      export default (request, response) => {
        if (request.url === '/half') response.write('half')
        if (request.url === '/slow') setTimeout(() => response.end('whole'), 2000)
        else request.resume().on('end', () => response.writeHead(200).end('whole'))
      }`
    await using cli = await secured.serve(['--http2', '--timeout-request', '1'], app)
    using client = new Client(cli.port, { ca: secured.current.cert })
    const slow = client.ask({ ':path': '/slow' })
    for (const path of ['/half', '/none']) {
      await expect(client.begin({ ':method': 'POST', ':path': path }).answer).rejects.toThrow('the stream was')
    }
    expect(await slow).toMatchObject({ status: 200, body: 'whole' })
    expect(await client.ask()).toMatchObject({ status: 200, body: 'whole' })
    expect(cli.events('worker-exited')).toEqual([])
  })
})
