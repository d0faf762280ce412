import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Listeners, type ListenerReport } from '../../packages/supervisor/src/host/listeners.ts'
import type { ListenQuery } from '../../packages/supervisor/src/protocol/messages.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

function queryFor(port: number): ListenQuery {
  return { address: '127.0.0.1', port, addressType: 4, fd: null, flags: 0, index: 0 }
}

/** Somebody else listens on a port, until the returned function has been called. */
async function occupied(): Promise<{ readonly port: number; readonly leave: () => void }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, leave: () => server.close() }
}

function listeners(reports: ListenerReport[]): Listeners {
  const made = new Listeners([], [], (report) => reports.push(report))
  onTestFinished(() => made.close())
  return made
}

describe('addresses that are given up', () => {
  it('are not those of a newer generation, which came while one of them was still waited for', async () => {
    const reports: ListenerReport[] = []
    const held = listeners(reports)
    const { port, leave } = await occupied()
    const wanted = await freePort()
    const waiting = held.get(queryFor(port), 2)
    const released = held.release(1)
    expect(await held.get(queryFor(wanted), 3)).toMatchObject({ kind: 'bound' })
    leave()
    await Promise.all([waiting, released])
    expect(reports).not.toContainEqual({ type: 'listener-released', address: `127.0.0.1:${wanted}` })
  })

  it('do not take along the next one who asks for the same, when they are not to be had', async () => {
    const held = listeners([])
    const { port, leave } = await occupied()
    const first = held.get(queryFor(port), 2)
    void held.release(1)
    const second = held.get(queryFor(port), 3)
    expect(second).not.toBe(first)
    await until('the first has failed', async () => (await first).kind === 'refused')
    leave()
    // Whether the second is in time for that is chance; the third must not come to another result than the second.
    const third = held.get(queryFor(port), 3)
    expect(await third).toBe(await second)
  })
})
