import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { NOBODY } from '../harness/cli.ts'
import { ask, failuresOf, Load, NO_FAILURES } from '../harness/client.ts'
import { until, within } from '../harness/until.ts'
import { beginStop, endsAtDeadline, endsSoon, serve, told, toldBy } from './stop.ts'

const APP = 'drain-http.mjs'
const ACCEPT = ['shared', 'cluster'] as const

/** A connection that is spoken to by hand, and what has come over it. */
class Connection {
  readonly socket: Socket
  readonly closed: Promise<unknown>
  text = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1').on('data', (chunk: string) => (this.text += chunk))
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    onTestFinished(() => {
      socket.destroy()
    })
  }

  static async to(port: number): Promise<Connection> {
    const connection = new Connection(connect(port, '127.0.0.1'))
    await within('a connection', once(connection.socket, 'connect'))
    return connection
  }

  get(...paths: readonly string[]): void {
    this.socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`).join(''))
  }

  async toItsEnd(): Promise<string> {
    await within('the end of the connection', this.closed)
    return this.text
  }
}

/** What was written has left this process: what comes next arrives on its own. */
async function isSent(socket: Socket): Promise<void> {
  await until('it is sent', () => socket.writableLength === 0)
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

for (const accept of ACCEPT) {
  describe(`--accept ${accept}`, () => {
    it.each(['keep-alive', 'fresh'] as const)('loses no %s request when a worker is told to end', async (mode) => {
      await using served = await serve(APP, { accept, workers: 2 })
      const { cli, port } = served
      const load = new Load({ port, mode, clients: 8 })
      await until('it is under load', () => load.total > 200)
      process.kill(cli.workerPids[0] ?? NOBODY, 'SIGTERM')
      await cli.line('worker-ready', 3)
      await until('its predecessor has gone', () => cli.liveWorkerPids.length === 2)
      expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
      cli.signal('SIGTERM')
      await endsSoon(cli)
    })

    it('finishes an upload that is slow', async () => {
      await using served = await serve(APP, { accept })
      const { cli, port } = served
      const client = await Connection.to(port)
      client.socket.write('POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 20\r\n\r\n')
      client.socket.write('1234567890')
      await told(cli, '/upload')
      await beginStop(served)
      client.socket.write('12345')
      await isSent(client.socket)
      client.socket.write('67890')
      const text = await client.toItsEnd()
      expect(text).toMatch(/^HTTP\/1\.1 200 OK/)
      expect(text).toContain('Connection: close')
      expect(text).toMatch(/20 bytes$/)
      await endsSoon(cli)
    })

    it('finishes a response that is streamed', async () => {
      await using served = await serve(APP, { accept })
      const { cli, port } = served
      const answer = ask({ port, path: '/stream' })
      await told(cli, '/stream')
      await beginStop(served)
      expect(await answer).toMatchObject({ result: 'ok', body: 'x'.repeat(20_000) })
      await endsSoon(cli)
    })

    it('answers what was asked before and after on a connection that is kept, then ends it', async () => {
      await using served = await serve(APP, { accept, env: { KEEP_ALIVE_MS: '8000' } })
      const { cli, port } = served
      const client = await Connection.to(port)
      client.get('/')
      await until('the first answer', () => client.text.endsWith('whole'))
      expect(client.text).toContain('Connection: keep-alive')
      await beginStop(served)
      client.get('/')
      const text = await client.toItsEnd()
      expect(text.match(/whole/g)).toHaveLength(2)
      expect(text).toContain('Connection: close')
      await endsSoon(cli)
    })
  })
}

it('answers all requests that a client has sent at once, and closes after the last', async () => {
  await using served = await serve(APP)
  const { cli, port } = served
  const client = await Connection.to(port)
  client.get('/slow', '/slow', '/slow')
  await until('all have come', () => toldBy(cli).length === 3)
  await beginStop(served)
  const text = await client.toItsEnd()
  expect(text.match(/slow$|slow(?=HTTP)/g)).toHaveLength(3)
  expect(text.match(/Connection: close/g)).toHaveLength(1)
  await endsSoon(cli)
})

it('a connection that never sent anything is ended after the keep-alive time', async () => {
  await using served = await serve(APP, { env: { KEEP_ALIVE_MS: '500' } })
  const client = await Connection.to(served.port)
  await beginStop(served)
  expect(await client.toItsEnd()).toBe('')
  await endsSoon(served.cli)
})

describe('over TLS', () => {
  const env = { TLS: '1', KEEP_ALIVE_MS: '500' }

  it('ends connections that are idle, after a request or before the first', async () => {
    await using served = await serve(APP, { env })
    const { cli, port } = served
    const used = new Connection(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }))
    const fresh = new Connection(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }))
    await within('a handshake', once(fresh.socket, 'secureConnect'))
    used.get('/')
    await until('the answer', () => used.text.endsWith('whole'))
    await beginStop(served)
    await Promise.all([used.toItsEnd(), fresh.toItsEnd()])
    await endsSoon(cli)
  })

  it('ends one that does not even begin a handshake', async () => {
    await using served = await serve(APP, { env })
    const client = await Connection.to(served.port)
    await beginStop(served)
    await client.toItsEnd()
    await endsSoon(served.cli)
  })
})

describe('clients that never come to an end are cut off at the graceful timeout', () => {
  it.each(ACCEPT)('one that does not finish its upload (--accept %s)', async (accept) => {
    await using served = await serve(APP, { accept, graceful: 1.5 })
    const { cli, port } = served
    const client = await Connection.to(port)
    client.socket.write('POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 20\r\n\r\n1')
    await told(cli, '/upload')
    await beginStop(served)
    await endsAtDeadline(cli, 1.5)
    expect(await client.toItsEnd()).toBe('')
  })

  it('one that does not read its response', async () => {
    await using served = await serve(APP, { graceful: 1.5 })
    const { cli, port } = served
    const client = await Connection.to(port)
    client.socket.pause()
    client.get('/endless')
    await told(cli, '/endless')
    await beginStop(served)
    await endsAtDeadline(cli, 1.5)
  })

  it('one that sends half of a request', async () => {
    await using served = await serve(APP, { graceful: 1.5, env: { KEEP_ALIVE_MS: '100' } })
    const client = await Connection.to(served.port)
    client.socket.write('GET / HTTP/1.1\r\nHo')
    await until('it is served', async () => (await ask({ port: served.port })).result === 'ok')
    await beginStop(served)
    await endsAtDeadline(served.cli, 1.5)
  })
})
