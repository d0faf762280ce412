import { EventEmitter, once } from 'node:events'
import { createServer as createTcpServer } from 'node:net'
import { createServer, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { describe, expect, it } from 'vitest'
import { Requests } from '../../packages/supervisor/src/worker/requests.ts'
import { Traffic } from '../../packages/supervisor/src/worker/traffic.ts'
import { until, within } from '../harness/until.ts'
import { open, watch, watchHttp } from './server-under-traffic.ts'

const FOR_EVER = Number.POSITIVE_INFINITY

/** A time so many milliseconds from now: nothing has to be waited for. */
function inMs(ms: number): number {
  return performance.now() + ms
}

describe('counting connections', () => {
  it('counts those that are open, whether they have asked for anything or not', async () => {
    const watched = await watchHttp((_request, response) => response.end('whole'))
    expect(await watched.traffic.count()).toBe(0)
    const idle = await open(watched)
    const used = await open(watched)
    used.get('/')
    await until('the answer has come', () => used.text.includes('whole'))
    expect(await watched.traffic.count()).toBe(2)
    idle.socket.destroy()
    await until('one has gone', async () => (await watched.traffic.count()) === 1)
    used.socket.destroy()
    await until('both have gone', async () => (await watched.traffic.count()) === 0)
  })

  it('counts those of another protocol', async () => {
    const watched = await watch(createTcpServer())
    await open(watched)
    expect(await watched.traffic.count()).toBe(1)
  })
})

describe('ending idle connections', () => {
  it('ends one that never sent a request once it is older than the server keeps idle ones', async () => {
    const watched = await watch(createServer({ keepAliveTimeout: 20_000 }))
    const client = await open(watched)
    watched.traffic.endIdle(inMs(19_000), FOR_EVER)
    expect(watched.sockets[0]?.writableEnded).toBe(false)
    watched.traffic.endIdle(inMs(22_000), FOR_EVER)
    expect(await client.toItsEnd()).toBe('')
  })

  it('keeps the promise a little longer: a request may be under way', async () => {
    const watched = await watch(createServer({ keepAliveTimeout: 20_000 }))
    await open(watched)
    watched.traffic.endIdle(inMs(20_500), FOR_EVER)
    expect(watched.sockets[0]?.writableEnded).toBe(false)
  })

  it('takes Node’s own timeout where the app has turned it off', async () => {
    const watched = await watch(createServer({ keepAliveTimeout: 0 }))
    const client = await open(watched)
    watched.traffic.endIdle(inMs(4000), FOR_EVER)
    expect(watched.sockets[0]?.writableEnded).toBe(false)
    watched.traffic.endIdle(inMs(7000), FOR_EVER)
    await client.toItsEnd()
  })

  it('is done after less if the limit is lower, but not before that', async () => {
    const watched = await watchHttp(() => {})
    const client = await open(watched)
    watched.traffic.endIdle(performance.now(), 60_000)
    expect(watched.sockets[0]?.writableEnded).toBe(false)
    watched.traffic.endIdle(inMs(61_000), 60_000)
    await client.toItsEnd()
  })

  it('spares one with a request in flight, and counts its time from the end of the response', async () => {
    const waiting: ServerResponse[] = []
    const watched = await watchHttp((_request, response) => waiting.push(response))
    const client = await open(watched)
    client.get('/')
    const response = await until('the request has come', () => waiting[0])
    watched.traffic.endIdle(inMs(1_000_000), 0)
    expect(watched.sockets[0]?.writableEnded).toBe(false)
    const before = performance.now()
    response.end('whole')
    await within('the response has closed', once(response, 'close'))
    watched.traffic.endIdle(before + 60_000, 60_000)
    expect(watched.sockets[0]?.writableEnded).toBe(false)
    watched.traffic.endIdle(inMs(60_000), 60_000)
    expect(await client.toItsEnd()).toMatch(/whole$/)
  })

  it('spares one with two requests in flight until both are answered', async () => {
    const waiting: ServerResponse[] = []
    const watched = await watchHttp((_request, response) => waiting.push(response))
    const client = await open(watched)
    client.get('/first')
    client.get('/second')
    await until('both requests have come', () => waiting.length === 2)
    waiting[0]?.end('one')
    await until('the first answer has come', () => client.text.includes('one'))
    watched.traffic.endIdle(inMs(1_000_000), 0)
    waiting[1]?.end('two')
    await until('the second answer has come', () => client.text.includes('two'))
    watched.traffic.endIdle(inMs(1_000_000), 0)
    await client.toItsEnd()
  })

  it('gets everything out first that was written to it', async () => {
    const large = 'x'.repeat(8_000_000)
    const watched = await watchHttp(() => {})
    const client = await open(watched)
    watched.sockets[0]?.write(large)
    watched.traffic.endIdle(inMs(1_000_000), 0)
    expect((await client.toItsEnd()).length).toBe(large.length)
  })

  it('spares connections that are no longer HTTP, and those that never were', async () => {
    const watched = await watchHttp(() => {})
    watched.server.on('upgrade', (_request, socket) => socket.write('upgraded'))
    watched.server.on('connect', (_request, socket) => socket.write('connected'))
    const upgraded = await open(watched)
    upgraded.get('/', ['Connection: Upgrade', 'Upgrade: websocket'])
    const connected = await open(watched)
    connected.socket.write('CONNECT other:80 HTTP/1.1\r\nHost: other\r\n\r\n')
    await until('both have been taken over', () => upgraded.text === 'upgraded' && connected.text === 'connected')
    const raw = await watch(createTcpServer())
    await open(raw)
    for (const { traffic, sockets } of [watched, raw]) {
      traffic.endIdle(inMs(1_000_000), 0)
      expect(sockets.filter((socket) => socket.writableEnded)).toEqual([])
    }
    expect(await watched.traffic.count()).toBe(2)
  })
})

describe('a request that its client has aborted', () => {
  it('leaves no connection behind, although the app never answers', async () => {
    let requests = 0
    const watched = await watchHttp(() => requests++)
    const client = await open(watched)
    client.get('/')
    await until('the request has come', () => requests === 1)
    client.socket.destroy()
    await until('the connection has gone', async () => (await watched.traffic.count()) === 0)
  })

  it('does not count as busy for ever: its response closes without having finished', async () => {
    const watched = await watchHttp(() => {})
    const client = await open(watched)
    const response = Object.assign(new EventEmitter(), { headersSent: true })
    watched.server.emit('request', { httpVersionMajor: 1, socket: watched.sockets[0] } as never, response as never)
    watched.traffic.endIdle(inMs(1_000_000), 0)
    expect(watched.sockets[0]?.writableEnded).toBe(false)
    response.emit('close')
    watched.traffic.endIdle(inMs(1_000_000), 0)
    await client.toItsEnd()
  })

  it('counts once, although the app passes it on as a request after it was expected to go on', async () => {
    const watched = await watchHttp((_request, response) => response.end('whole'))
    watched.server.on('checkContinue', (request, response) => watched.server.emit('request', request, response))
    const client = await open(watched)
    client.get('/', ['Expect: 100-continue'])
    await until('the answer has come', () => client.text.includes('whole'))
    watched.traffic.endIdle(inMs(1_000_000), 0)
    await client.toItsEnd()
  })
})

describe('the time for which a server keeps idle connections', () => {
  it('is what the app has set, now and not when it began', () => {
    const server = createServer({ keepAliveTimeout: 7000 })
    const traffic = new Traffic(server, new Requests(), () => {})
    expect(traffic.keepAliveMs).toBe(7000)
    server.keepAliveTimeout = 9000
    expect(traffic.keepAliveMs).toBe(9000)
  })

  it('is unknown where HTTP/1.1 is not spoken', () => {
    for (const server of [createTcpServer(), createHttp2Server()]) {
      expect(new Traffic(server, new Requests(), () => {}).keepAliveMs).toBeNull()
    }
  })
})

describe('the life of a server', () => {
  it('is told before the app hears of it', async () => {
    const seen: string[] = []
    const server = createServer()
    const traffic = new Traffic(server, new Requests(), () => seen.push('change'))
    for (const name of ['listening', 'error', 'close']) server.on(name, () => seen.push(name))
    expect(traffic.server).toBe(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    server.emit('error', new Error('made up'))
    server.close()
    await once(server, 'close')
    expect(seen).toEqual(['change', 'listening', 'change', 'error', 'change', 'close'])
  })

  it('is the app’s: emit answers and passes everything on as before', () => {
    const server = createServer()
    const traffic = new Traffic(server, new Requests(), () => {})
    const seen: unknown[] = []
    server.on('custom', (...values) => seen.push(...values))
    expect(traffic.server.emit('custom', 1, 2)).toBe(true)
    expect(traffic.server.emit('nobody-listens')).toBe(false)
    expect(seen).toEqual([1, 2])
    expect(() => server.emit('error', new Error('nobody listens'))).toThrow('nobody listens')
  })
})
