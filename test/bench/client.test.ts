import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Connection, type Books } from '../../bench/src/load/connection.ts'
import type { FailureKind, Mode } from '../../bench/src/load/messages.ts'
import { freePort } from '../../bench/src/measure/free-port.ts'
import { until } from '../../bench/src/measure/until.ts'

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n42'

/** What became of the requests of one connection; it is stopped after `most` of them. */
class Record implements Books {
  readonly pids: number[] = []
  readonly failures: FailureKind[] = []
  readonly port: number
  readonly mode: Mode
  readonly pauseMs: number
  readonly #most: number

  constructor(port: number, mode: Mode, most: number, pauseMs: number) {
    this.port = port
    this.mode = mode
    this.#most = most
    this.pauseMs = pauseMs
  }

  get isStopping(): boolean {
    return this.pids.length + this.failures.length >= this.#most
  }

  answered(pid: number): void {
    this.pids.push(pid)
  }

  failed(kind: FailureKind): void {
    this.failures.push(kind)
  }
}

async function serve(
  answer: (socket: Socket) => void,
): Promise<{ server: Server; port: number; accepted: () => number }> {
  let count = 0
  const server = createServer((socket) => {
    count++
    socket.on('error', () => {})
    socket.on('data', () => answer(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { server, port: (server.address() as AddressInfo).port, accepted: () => count }
}

async function requests(port: number, mode: Mode, most: number, pauseMs = 0): Promise<Record> {
  const record = new Record(port, mode, most, pauseMs)
  const connection = new Connection(record)
  await until('all requests have come to their end', () => {
    connection.endIfHung()
    return record.isStopping
  })
  return record
}

describe.concurrent('the client of the benches', () => {
  it.each([
    ['keep-alive', 1],
    ['fresh', 3],
  ] as const)('sends three requests, %s, over %i connection(s)', async (mode, connections) => {
    const { server, port, accepted } = await serve((socket) => socket.write(ANSWER))
    const { pids, failures } = await requests(port, mode, 3)
    expect({ pids, failures, accepted: accepted() }).toEqual({
      pids: [42, 42, 42],
      failures: [],
      accepted: connections,
    })
    server.close()
  })

  it.each<[FailureKind, string, (socket: Socket) => void]>([
    ['reset', 'a reset', (socket) => socket.resetAndDestroy()],
    ['reset', 'an end without an answer', (socket) => socket.end()],
    ['reset', 'an end within the answer', (socket) => socket.end(ANSWER.slice(0, -1))],
    ['wrong status', 'an error page', (socket) => socket.end(ANSWER.replace('200 OK', '503 No'))],
    ['hung', 'no answer', () => {}],
    ['hung', 'half an answer', (socket) => socket.write(ANSWER.slice(0, -1))],
  ])('counts as %s: %s, and does not try again', async (kind, _what, answer) => {
    const { server, port, accepted } = await serve(answer)
    const { pids, failures } = await requests(port, 'keep-alive', 1)
    expect({ pids, failures, accepted: accepted() }).toEqual({ pids: [], failures: [kind], accepted: 1 })
    server.close()
  })

  it('counts as refused what nobody listens for', async () => {
    const { failures } = await requests(await freePort(), 'fresh', 2)
    expect(failures).toEqual(['refused', 'refused'])
  })

  it('counts no failure when the server ends a connection that rests', async () => {
    const { server, port, accepted } = await serve((socket) => {
      socket.write(ANSWER)
      setImmediate(() => socket.end())
    })
    const { pids, failures } = await requests(port, 'keep-alive', 3, 1000)
    expect({ pids, failures, accepted: accepted() }).toEqual({ pids: [42, 42, 42], failures: [], accepted: 3 })
    server.close()
  })

  it('opens another connection, without counting a failure, after an answer that announces the end', async () => {
    const { server, port, accepted } = await serve((socket) =>
      socket.end(ANSWER.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')),
    )
    const { pids, failures } = await requests(port, 'keep-alive', 3)
    expect({ pids, failures, accepted: accepted() }).toEqual({ pids: [42, 42, 42], failures: [], accepted: 3 })
    server.close()
  })
})
