import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import type { ServerLimits } from '../../packages/supervisor/src/protocol/http-rules.ts'
import { secureServer } from '../../packages/supervisor/src/worker/secure-server.ts'
import { makeCertificate } from '../harness/certificate.ts'
import { Client } from './secured.ts'

const NODES_DEFAULT_MS = 300_000

afterEach(() => {
  vi.useRealTimers()
})

/** Begins a POST that never ends, at a server such as is made for an app that exports. Time stands still from then on. */
async function beginPost(
  set: ServerLimits,
  isAnswered: boolean,
): Promise<{ readonly isClosed: () => Promise<boolean> }> {
  const { cert, key } = makeCertificate('first')
  const rules = { cert, key, ca: null, clientAuth: 'none', minVersion: 'TLSv1.2', http2: true } as const
  const limits = { concurrency: null, headers: null, backlog: null, server: {} }
  const server: Server = secureServer(
    (request, response) => {
      request.resume()
      if (isAnswered) response.end('early')
    },
    rules,
    limits,
  )
  Object.assign(server, set).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new Client((server.address() as AddressInfo).port, { ca: cert })
  onTestFinished(() => {
    client[Symbol.dispose]()
    server.close()
  })
  await once(client.session, 'connect')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const stream = client.session.request({ ':method': 'POST' }, { endStream: false }).on('error', () => {})
  if (isAnswered) await once(stream.resume(), 'end')
  // What came before a PING that is answered has been seen.
  return { isClosed: async () => (await pong(client), stream.closed) }
}

function pong({ session }: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    session.ping((error) => (error === null ? resolve() : reject(error)))
  })
}

it.each([
  ['after 300 s by default', {}, NODES_DEFAULT_MS, false],
  ['after 300 s, although it has been answered', {}, NODES_DEFAULT_MS, true],
  ['when the server that the app exports says', { requestTimeout: 1000 }, 1000, false],
])('a request over HTTP/2 that never comes whole ends %s', async (_what, set, afterMs, isAnswered) => {
  const post = await beginPost(set, isAnswered)
  expect(await post.isClosed()).toBe(false)
  vi.advanceTimersByTime(afterMs - 1)
  expect(await post.isClosed()).toBe(false)
  vi.advanceTimersByTime(1)
  expect(await post.isClosed()).toBe(true)
})

it('a request over HTTP/2 has any time where the server that the app exports says so', async () => {
  const post = await beginPost({ requestTimeout: 0 }, false)
  expect(await post.isClosed()).toBe(false)
  vi.advanceTimersByTime(NODES_DEFAULT_MS * 10)
  expect(await post.isClosed()).toBe(false)
})
