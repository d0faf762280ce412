import { once } from 'node:events'
import { get } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { ask } from '../harness/client.ts'
import { until, within } from '../harness/until.ts'
import { beginStop, endsAtDeadline, endsSoon, serve, told, toldBy } from './stop.ts'

const ACCEPT = ['shared', 'cluster'] as const

describe.each(ACCEPT)('WebSockets (--accept %s)', (accept) => {
  async function open(port: number): Promise<{ readonly socket: WebSocket; readonly closed: Promise<unknown[]> }> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`)
    onTestFinished(() => socket.terminate())
    await within('the connection is upgraded', once(socket, 'open'))
    return { socket, closed: once(socket, 'close') }
  }

  it('are ended by the app in onDrain, which ends the drain', async () => {
    await using served = await serve('drain-websocket.mjs', { accept, env: { POLITE: '1' } })
    const { cli, port } = served
    const { closed } = await open(port)
    await beginStop(served)
    expect((await within('the goodbye', closed)).map(String)).toEqual(['1001', 'leaving'])
    await endsSoon(cli)
    expect(toldBy(cli)).toEqual(['drain false', 'closed 1001', 'shutdown'])
  })

  it('that nobody ends go on until the graceful timeout, and are cut off before onShutdown', async () => {
    await using served = await serve('drain-websocket.mjs', { accept, graceful: 2 })
    const { cli, port } = served
    const { socket, closed } = await open(port)
    await beginStop(served)
    socket.send('still there?')
    const [answer] = (await within('an echo', once(socket, 'message'))) as [Buffer]
    expect(answer.toString()).toBe('still there?')
    await endsAtDeadline(cli, 2)
    expect((await closed)[0]).toBe(1006)
    expect(toldBy(cli)).toEqual(['drain false', 'closed 1006', 'shutdown'])
  })
})

describe('Server-Sent Events', () => {
  it('are ended by the app in onDrain: the client gets the last one', async () => {
    await using served = await serve('drain-events.mjs', { env: { POLITE: '1' } })
    const { cli, port } = served
    const answer = ask({ port })
    await until('the worker serves', () => cli.workerPids.length === 1)
    await until('some events', async () => (await firstBytes(port)).includes('tick'))
    await beginStop(served)
    const { result, body } = await answer
    expect(result).toBe('ok')
    expect(body).toMatch(/^data: hello\n\n(data: tick\n\n)+event: bye\ndata: leaving\n\n$/)
    await endsSoon(cli)
  })

  it('that nobody ends go on until the graceful timeout, and are cut off before onShutdown', async () => {
    await using served = await serve('drain-events.mjs', { graceful: 1.5 })
    const { cli, port } = served
    const answer = ask({ port })
    await until('some events', async () => (await firstBytes(port)).includes('tick'))
    await told(cli, 'closed')
    await beginStop(served)
    await endsAtDeadline(cli, 1.5)
    expect((await answer).result).toBe('reset')
    expect(toldBy(cli)).toEqual(['closed', 'closed', 'shutdown'])
  })

  /** The beginning of a stream of its own, which the client then leaves. */
  function firstBytes(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const outgoing = get({ port, host: '127.0.0.1', agent: false }, (response) => {
        let text = ''
        response.on('error', () => {})
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
          if (!text.includes('tick')) return
          outgoing.destroy()
          resolve(text)
        })
      })
      outgoing.on('error', reject)
    })
  }
})

describe('an app that handles SIGTERM itself', () => {
  it('does so after the last request; its server.close() then succeeds', async () => {
    await using served = await serve('drain-term.mjs')
    const { cli, port } = served
    const answer = ask({ port, path: '/slow' })
    await told(cli, '/slow')
    await beginStop(served)
    expect((await answer).body).toBe('slow')
    await endsSoon(cli)
    expect(toldBy(cli)).toEqual(['/slow', 'term', 'closed', 'exit'])
  })

  it('can close its server, too, when a client had to be cut off', async () => {
    await using served = await serve('drain-term.mjs', { graceful: 1 })
    const { cli, port } = served
    const answer = ask({ port, path: '/never' })
    await told(cli, '/never')
    await beginStop(served)
    await endsAtDeadline(cli, 1)
    expect((await answer).result).toBe('reset')
    expect(toldBy(cli)).toEqual(['/never', 'term', 'closed', 'exit'])
  })
})
