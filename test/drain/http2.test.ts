import { once } from 'node:events'
import http2 from 'node:http2'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { within } from '../harness/until.ts'
import { beginStop, endsAtDeadline, endsSoon, serve, told } from './stop.ts'

const APP = 'drain-http2.mjs'

describe.each([
  ['cleartext', 'http', 'shared', {}],
  ['cleartext', 'http', 'cluster', {}],
  ['TLS', 'https', 'shared', { TLS: '1' }],
] as const)('HTTP/2 over %s (%s, --accept %s)', (_what, scheme, accept, env) => {
  async function open(port: number): Promise<http2.ClientHttp2Session> {
    const session = http2.connect(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false })
    session.on('error', () => {})
    onTestFinished(() => session.destroy())
    await within('the session is open', once(session, 'remoteSettings'))
    return session
  }

  it('sends GOAWAY, lets open streams finish, then closes the session', async () => {
    await using served = await serve(APP, { accept, env })
    const { cli, port } = served
    const session = await open(port)
    const idle = await open(port)
    const [goaway, closed, idleClosed] = [once(session, 'goaway'), once(session, 'close'), once(idle, 'close')]
    const bodies = [1, 2, 3].map(() => text(session.request({ ':path': '/slow' })))
    await told(cli, '/slow')
    await beginStop(served)
    const [code] = (await within('GOAWAY', goaway)) as [number]
    expect(code).toBe(http2.constants.NGHTTP2_NO_ERROR)
    expect(await within('the answers', Promise.all(bodies))).toEqual(['slow', 'slow', 'slow'])
    await within('both sessions have ended', Promise.all([closed, idleClosed]))
    await endsSoon(cli)
  })

  it('cuts off a stream without end at the graceful timeout', async () => {
    await using served = await serve(APP, { accept, env, graceful: 1.5 })
    const { cli, port } = served
    const session = await open(port)
    const closed = once(session, 'close')
    const stream = session.request({ ':path': '/never' })
    stream.on('error', () => {}).resume()
    await told(cli, '/never')
    await beginStop(served)
    await endsAtDeadline(cli, 1.5)
    await within('the session has ended', closed)
  })
})

it('ends idle connections that chose HTTP/1.1 from an HTTP/2 server', async () => {
  await using served = await serve(APP, { env: { TLS: '1' } })
  const socket = connectTls({ port: served.port, host: '127.0.0.1', rejectUnauthorized: false })
  socket.on('error', () => {}).resume()
  const closed = once(socket, 'close')
  await within('a handshake', once(socket, 'secureConnect'))
  await beginStop(served)
  await within('the server ends it', closed)
  await endsSoon(served.cli)
})
