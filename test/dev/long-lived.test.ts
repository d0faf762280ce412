import { once } from 'node:events'
import { connect, type ClientHttp2Stream } from 'node:http2'
import { request } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { freePort } from '../harness/free-port.ts'
import { untilServed, versionModule } from '../promises/saving.ts'

const APP = 'app.mjs'

/** An event stream, a connection that is upgraded as WebSockets are, and HTTP/2, each of which stays open. */
function sourceFor(http: number, http2: number): string {
  return `
import { createServer } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import { version } from './version.mjs'
const answer = (request, response) => {
  if (request.url !== '/events') return response.end(version)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('data: ' + version + '\\n\\n')
  setInterval(() => response.write(': still here\\n\\n'), 20).unref()
}
createServer(answer)
  .on('upgrade', (request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: websocket\\r\\n\\r\\n')
    socket.on('data', (data) => socket.write(version + ' ' + data)).on('end', () => socket.end())
  })
  .listen(${http}, '127.0.0.1')
createHttp2(answer).listen(${http2}, '127.0.0.1')
`
}

async function upgraded(port: number): Promise<Duplex> {
  const headers = { connection: 'upgrade', upgrade: 'websocket' }
  const asked = request({ host: '127.0.0.1', port, headers }).end()
  const [, socket] = (await once(asked, 'upgrade')) as [unknown, Duplex]
  return socket.on('error', () => {})
}

async function events(port: number): Promise<Readable> {
  const asked = request({ host: '127.0.0.1', port, path: '/events' }).end()
  const [response] = (await once(asked, 'response')) as [Readable]
  return response.on('error', () => {}).resume()
}

/** What a stream of HTTP/2 says first. */
async function begun(stream: ClientHttp2Stream): Promise<string> {
  const [data] = (await once(
    stream.on('error', () => {}),
    'data',
  )) as [Buffer]
  return String(data)
}

it('neither an event stream nor a WebSocket nor HTTP/2 holds a reload up', async () => {
  const [port, port2] = [await freePort(), await freePort()]
  using project = new Project({ [APP]: sourceFor(port, port2), 'version.mjs': versionModule('v0') })
  await using cli = await project.serving(['--reload', '--log-level', 'debug', '--graceful-timeout', '60', APP])
  const [stream, socket] = [await events(port), await upgraded(port)]
  const session = connect(`http://127.0.0.1:${port2}`).on('error', () => {})
  const goaway = once(session, 'goaway')
  expect(await begun(session.request({ ':path': '/events' }))).toContain('v0')
  const open = new Set<string>(['stream', 'socket', 'session'])
  stream.once('close', () => open.delete('stream'))
  socket.once('close', () => open.delete('socket'))
  session.once('close', () => open.delete('session'))
  project.write('version.mjs', versionModule('v1'))
  await cli.line('reloaded')
  await goaway
  // None was cut off to have the new code served.
  expect(cli.events('worker-exited')).toEqual([])
  expect([...open]).toEqual(['stream', 'socket', 'session'])
  socket.write('who?')
  expect(String(((await once(socket, 'data')) as [Buffer])[0])).toBe('v0 who?')
  await untilServed('v1', { port })
  const next = connect(`http://127.0.0.1:${port2}`)
  expect(await begun(next.request({ ':path': '/' }))).toBe('v1')
  next.close()
  for (const client of [stream, socket, session]) client.destroy()
  await cli.line('worker-exited')
  expect(cli.events('worker-killed')).toEqual([])
})
