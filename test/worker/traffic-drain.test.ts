import { once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import http2 from 'node:http2'
import { describe, expect, it } from 'vitest'
import { until, within } from '../harness/until.ts'
import { headersOf, open, watch, watchHttp } from './server-under-traffic.ts'

const KEEP_ALIVE = 'keep-alive'

/** The ways in which an app can say that the connection shall stay. All send X-Test as well. */
const INSISTENT: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'nothing at all': (response) => response.setHeader('X-Test', '1'),
  'an object for writeHead': (response) => response.writeHead(200, { 'X-Test': '1', Connection: KEEP_ALIVE }),
  'an object for writeHead, in small letters': (response) =>
    response.writeHead(200, { connection: 'Keep-Alive', 'X-Test': '1' }),
  'an object for writeHead, after a reason': (response) =>
    response.writeHead(200, 'Fine', { 'X-Test': '1', Connection: KEEP_ALIVE }),
  'a flat list for writeHead': (response) => response.writeHead(200, ['X-Test', '1', 'Connection', KEEP_ALIVE]),
  'a flat list for writeHead, after a reason': (response) =>
    response.writeHead(200, 'Fine', ['Connection', KEEP_ALIVE, 'X-Test', '1']),
  'a list of pairs for writeHead': (response) =>
    response.writeHead(200, [
      ['X-Test', '1'],
      ['Connection', KEEP_ALIVE],
    ] as unknown as string[]),
  'setHeader, and a reason for writeHead': (response) => response.setHeader('X-Test', '1').writeHead(200, 'Fine'),
  'setHeader for the connection': (response) => response.setHeader('X-Test', '1').setHeader('Connection', KEEP_ALIVE),
  'setHeader for the connection, and writeHead': (response) =>
    response.setHeader('Connection', KEEP_ALIVE).writeHead(200, { 'X-Test': '1' }),
  flushHeaders: (response) => response.setHeader('X-Test', '1').flushHeaders(),
}

function answering(prepare: (response: ServerResponse) => void): RequestListener {
  return (_request, response) => {
    try {
      prepare(response)
      response.end('whole')
    } catch (error) {
      // Shown by the assertions: an uncaught error would end the run of all tests.
      response.socket?.end(String(error))
    }
  }
}

const answer: RequestListener = (_request, response) => response.end('whole')

describe('before a drain', () => {
  it.each(Object.entries(INSISTENT))(
    'a response is the app’s own: with %s the connection stays',
    async (_way, prepare) => {
      const watched = await watchHttp(answering(prepare))
      const client = await open(watched)
      client.get('/')
      await until('the first answer has come', () => client.text.includes('whole'))
      client.get('/')
      await until('the second answer has come', () => client.text.split('whole').length === 3)
      expect(headersOf(client.text, 'Connection')).not.toContain('Connection: close')
      expect(headersOf(client.text, 'X-Test')).toEqual(['X-Test: 1', 'X-Test: 1'])
    },
  )
})

describe('in a drain', () => {
  it.each(Object.entries(INSISTENT))('a response is the last of its connection, with %s', async (_way, prepare) => {
    const watched = await watchHttp(answering(prepare))
    const client = await open(watched)
    watched.traffic.drain()
    client.get('/')
    const text = await client.toItsEnd()
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
    expect(headersOf(text, 'Connection')).toEqual(['Connection: close'])
    expect(headersOf(text, 'Keep-Alive')).toEqual([])
    expect(headersOf(text, 'X-Test')).toEqual(['X-Test: 1'])
    expect(text).toContain('whole')
  })

  it.each(Object.entries(INSISTENT))('so is one that was asked for before, with %s', async (_way, prepare) => {
    const waiting: ServerResponse[] = []
    const watched = await watchHttp((_request, response) => waiting.push(response))
    const client = await open(watched)
    client.get('/')
    const response = await until('the request has come', () => waiting[0])
    watched.traffic.drain()
    prepare(response)
    response.end('whole')
    const text = await client.toItsEnd()
    expect(headersOf(text, 'Connection')).toEqual(['Connection: close'])
    expect(headersOf(text, 'X-Test')).toEqual(['X-Test: 1'])
    expect(text).toContain('whole')
  })

  it('a reason phrase and the order of other headers stay as the app has given them', async () => {
    const headers = ['X-B', '2', 'Connection', KEEP_ALIVE, 'X-A', '1', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']
    const watched = await watchHttp(answering((response) => response.writeHead(201, 'Made', headers)))
    const client = await open(watched)
    watched.traffic.drain()
    client.get('/')
    const text = await client.toItsEnd()
    expect(text).toMatch(/^HTTP\/1\.1 201 Made\r\n/)
    expect(text.split('\r\n').filter((line) => /^(X-|Set-Cookie)/.test(line))).toEqual([
      'X-B: 2',
      'X-A: 1',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
    ])
  })

  it('a response that has begun is left alone, and the next one on its connection is the last', async () => {
    const waiting: ServerResponse[] = []
    const watched = await watchHttp((request, response) => {
      if (request.url === '/next') return response.end('next')
      response.writeHead(200, { 'Content-Length': '10' }).write('first')
      return waiting.push(response)
    })
    const client = await open(watched)
    client.get('/')
    await until('the response has begun', () => client.text.endsWith('first'))
    watched.traffic.drain()
    waiting[0]?.end('whole')
    await until('the response has ended', () => client.text.endsWith('firstwhole'))
    expect(headersOf(client.text, 'Connection')).toEqual(['Connection: keep-alive'])
    client.get('/next')
    const text = await client.toItsEnd()
    expect(text).toMatch(/next$/)
    expect(headersOf(text, 'Connection')).toEqual(['Connection: keep-alive', 'Connection: close'])
  })

  it.each(['100-continue', 'something-else'])('so is one to a request that expects %s', async (expectation) => {
    const watched = await watchHttp(() => {})
    watched.server.on('checkExpectation', answer).on('checkContinue', (request, response) => {
      // A client that was not told to go on would lose its connection anyway.
      response.writeContinue()
      answer(request, response)
    })
    const client = await open(watched)
    watched.traffic.drain()
    client.get('/', [`Expect: ${expectation}`])
    expect(headersOf(await client.toItsEnd(), 'Connection')).toEqual(['Connection: close'])
  })

  it('an old client that never asked for more than one response is served as ever', async () => {
    const watched = await watchHttp(answering((response) => response.setHeader('X-Test', '1')))
    const client = await open(watched)
    watched.traffic.drain()
    client.socket.write('GET / HTTP/1.0\r\n\r\n')
    expect(await client.toItsEnd()).toMatch(/whole$/)
  })
})

describe('a drain of HTTP/2', () => {
  it('lets open streams end, and then the session', async () => {
    const streams: http2.ServerHttp2Stream[] = []
    const server = http2.createServer().on('stream', (stream) => streams.push(stream))
    const watched = await watch(server)
    const session = http2.connect(`http://127.0.0.1:${watched.port}`)
    const gone = once(session, 'close')
    const request = session.request({ ':path': '/' })
    const stream = await until('the stream has come', () => streams[0])
    watched.traffic.drain()
    await within('the client is told to go away', once(session, 'goaway'))
    stream.respond({ ':status': 200 })
    stream.end('whole')
    let body = ''
    request.setEncoding('utf8').on('data', (chunk) => (body += chunk))
    await within('the session has ended', gone)
    expect(body).toBe('whole')
  })

  it('leaves responses as the app has made them, and the connection to HTTP/2', async () => {
    const waiting: http2.Http2ServerResponse[] = []
    const watched = await watch(http2.createServer((_request, response) => waiting.push(response)))
    const session = http2.connect(`http://127.0.0.1:${watched.port}`)
    const gone = once(session, 'close')
    for (const isDraining of [false, true]) {
      const request = session.request({ ':path': '/' })
      const response = await until('the request has come', () => waiting.shift())
      if (isDraining) watched.traffic.drain()
      const closed = once(response, 'close')
      response.writeHead(201, { 'X-Test': '1' }).end('whole')
      const [headers] = (await within('the answer has come', once(request, 'response'))) as [http2.IncomingHttpHeaders]
      expect(headers).toMatchObject({ ':status': 201, 'x-test': '1' })
      request.resume()
      await within('the response has closed', closed)
      watched.traffic.endIdle(performance.now() + 1_000_000, 0)
      if (!isDraining) expect(watched.sockets[0]?.writableEnded).toBe(false)
    }
    await within('the session has ended', gone)
  })

  it('ends a session without streams, and one that comes later', async () => {
    const watched = await watch(http2.createServer())
    const url = `http://127.0.0.1:${watched.port}`
    const early = http2.connect(url)
    await within('the session is open', once(early, 'remoteSettings'))
    const gone = once(early, 'close')
    watched.traffic.drain()
    await within('the early session has ended', gone)
    await within('the late session has ended', once(http2.connect(url), 'close'))
  })
})
