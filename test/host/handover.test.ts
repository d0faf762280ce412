import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Handover } from '../../packages/supervisor/src/host/handover.ts'
import type { ConnectionNews } from '../../packages/supervisor/src/protocol/connection.ts'
import type { Order } from '../../packages/supervisor/src/protocol/orders.ts'
import { ownerOf } from '../../packages/supervisor/src/protocol/rendezvous.ts'

/** Belongs to the place 1 of 0, 1 and 2, and to 2 once 1 is left out. */
const ADDRESS = Array.from({ length: 100 }, (_, at) => `10.0.0.${at}`).find(
  (address) => ownerOf(address, [0, 1, 2]) === 1 && ownerOf(address, [0, 2]) === 2,
)

/** Workers 1, 2 and 3 with the places 0, 1 and 2, and all that is done with them. */
class Scene {
  readonly told: string[] = []
  readonly handover: Handover
  readonly #live = new Set([1, 2, 3])
  /** The worker whose parcels wait in a queue. */
  queued = 0

  constructor() {
    this.handover = new Handover({
      ids: [1, 2, 3],
      get: (worker) => (this.#live.has(worker) ? { process: this.#processOf(worker) } : undefined),
      order: (worker, order) => this.#live.has(worker) && this.#note(worker, order),
    })
    this.share([1, 2, 3])
    this.told.length = 0
  }

  share(workers: readonly number[]): void {
    this.handover.share(workers.map((worker) => ({ index: worker - 1, worker })))
  }

  /** Worker 1 has accepted a connection. */
  offer(): string[] {
    const handle = { close: () => void this.told.push('closed') }
    this.handover.offered(1, { id: 'x', address: ADDRESS ?? '', listener: '', handle })
    return this.told.splice(0)
  }

  say(worker: number, say: ConnectionNews['say']): string[] {
    this.handover.told(worker, { type: 'connection', id: 'x', say })
    return this.told.splice(0)
  }

  exit(worker: number): string[] {
    this.#live.delete(worker)
    this.handover.exited(worker)
    return this.told.splice(0)
  }

  wait(ms: number): string[] {
    vi.advanceTimersByTime(ms)
    return this.told.splice(0)
  }

  #processOf(worker: number): { sendConnection(): void; withdrawConnection(): boolean } {
    return {
      sendConnection: () => void this.told.push(`sent to ${worker}`),
      withdrawConnection: () => this.queued === worker,
    }
  }

  #note(worker: number, order: Order): void {
    if (order.type === 'connection') this.told.push(`${order.say} ${worker}`)
    if (order.type === 'owners') this.told.push(`owners ${order.indexes.join()}, ${worker} is ${order.own}`)
  }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a connection that belongs to another worker', () => {
  it('is taken there only after who had accepted it has let go of it', () => {
    const scene = new Scene()
    expect(scene.offer()).toEqual(['sent to 2'])
    expect(scene.say(2, 'arrived')).toEqual(['let-go 1'])
    expect(scene.say(1, 'gone')).toEqual(['take 2', 'closed'])
    expect(scene.wait(10_000)).toEqual([])
  })

  it('goes to the next one, and is forgotten by the first, if it does not arrive in time', () => {
    const scene = new Scene()
    scene.offer()
    expect(scene.wait(1000)).toEqual(['forget 2', 'sent to 3'])
    expect(scene.say(2, 'arrived')).toEqual(['forget 2'])
    expect(scene.say(3, 'arrived')).toEqual(['let-go 1'])
    expect(scene.say(1, 'gone')).toEqual(['take 3', 'closed'])
  })

  it('is not sent at all to who let another one wait, until that one gives a sign', () => {
    const scene = new Scene()
    scene.offer()
    scene.wait(1000)
    scene.say(1, 'kept')
    expect(scene.offer()).toEqual(['sent to 3'])
    scene.say(1, 'kept')
    scene.say(2, 'unwanted')
    expect(scene.offer()).toEqual(['sent to 2'])
  })

  it('is taken back from a queue without a word', () => {
    const scene = new Scene()
    scene.queued = 2
    scene.offer()
    expect(scene.wait(1000)).toEqual(['sent to 3'])
  })

  it.each(['unwanted', 'exit'] as const)('goes to the next one if the owner is no more: %s', (how) => {
    const scene = new Scene()
    scene.offer()
    expect(how === 'exit' ? scene.exit(2) : scene.say(2, 'unwanted')).toEqual(['sent to 3'])
  })

  it('stays where it is if nobody else takes connections in', () => {
    const scene = new Scene()
    scene.share([])
    scene.told.length = 0
    expect(scene.offer()).toEqual(['keep 1', 'closed'])
  })

  it('stays where it is if by now that is its owner', () => {
    const scene = new Scene()
    scene.share([1])
    scene.told.length = 0
    expect(scene.offer()).toEqual(['keep 1', 'closed'])
  })

  it('goes on to its owner if who had accepted it ends, before or after it has arrived', () => {
    const before = new Scene()
    before.offer()
    expect(before.exit(1)).toEqual([])
    expect(before.say(2, 'arrived')).toEqual(['take 2', 'closed'])
    const after = new Scene()
    after.offer()
    after.say(2, 'arrived')
    expect(after.exit(1)).toEqual(['take 2', 'closed'])
    const late = new Scene()
    late.exit(1)
    expect(late.offer()).toEqual(['sent to 2'])
    expect(late.say(2, 'arrived')).toEqual(['take 2', 'closed'])
  })

  it('goes to the next one if its owner ends while the other one is asked to let go', () => {
    const scene = new Scene()
    scene.offer()
    scene.say(2, 'arrived')
    expect(scene.exit(2)).toEqual([])
    expect(scene.say(1, 'gone')).toEqual(['sent to 3'])
    expect(scene.say(3, 'arrived')).toEqual(['take 3', 'closed'])
  })

  it('is forgotten by everybody else if who has accepted it keeps it after all', () => {
    const scene = new Scene()
    scene.offer()
    scene.say(2, 'arrived')
    expect(scene.say(1, 'kept')).toEqual(['forget 2', 'closed'])
    expect(scene.say(1, 'gone')).toEqual([])
  })

  it('is ended, and not left open, if nobody is left to take it', () => {
    const scene = new Scene()
    scene.offer()
    scene.exit(1)
    scene.exit(3)
    expect(scene.exit(2)).toEqual(['closed'])
  })

  it('does not heed workers that it has nothing to do with', () => {
    const scene = new Scene()
    scene.offer()
    expect(scene.say(3, 'gone')).toEqual([])
    expect(scene.say(3, 'kept')).toEqual([])
    expect(scene.say(3, 'unwanted')).toEqual([])
    expect(scene.say(3, 'arrived')).toEqual(['forget 3'])
    expect(scene.say(2, 'arrived')).toEqual(['let-go 1'])
  })
})

it('all workers are told who takes connections in, and which of them they are', () => {
  const scene = new Scene()
  scene.share([1, 3])
  expect(scene.told).toEqual(['owners 0,2, 1 is 0', 'owners 0,2, 2 is null', 'owners 0,2, 3 is 2'])
})
