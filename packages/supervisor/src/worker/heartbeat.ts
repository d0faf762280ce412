import type { Message } from '../protocol/messages.ts'
import type { Order } from '../protocol/orders.ts'
import type { Requests } from './requests.ts'

type Go = Extract<Order, { readonly type: 'go' }>

/** How often the delay of the event loop is looked at. */
const LOOK_EVERY_MS = 20

/**
 * Tells the supervisor that the event loop turns, how many requests there were and what the worker takes of the machine.
 * It comes from the loop itself: a thread would go on while the app is blocked.
 */
export function startHeartbeat(go: Go, requests: Requests, send: (message: Message) => void): void {
  if (go.beatMs === 0) return
  const meanDelay = go.measuresLoopDelay ? measureDelay() : () => 0
  // What came before was the supervisor's own: it has asked whether the app is ready.
  const before = requests.total
  const beat = (): void => {
    const rss = process.memoryUsage.rss()
    const hasOwnUsr1 = process.listenerCount('SIGUSR1') > 0
    send({ type: 'heartbeat', requests: requests.total - before, rss, loopDelayMs: meanDelay(), hasOwnUsr1 })
  }
  if (go.requestLimit !== null) requests.watch(before + go.requestLimit, beat)
  setInterval(beat, go.beatMs).unref()
  beat()
}

/**
 * Returns a function for the mean delay since it was last called. The histogram is never reset: it would leave out the
 * first sample after that, which is the one that counts when the loop is blocked most of the time.
 */
function measureDelay(): () => number {
  const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks')
  const histogram = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS })
  histogram.enable()
  let count = 0
  let sum = 0
  return () => {
    const samples = histogram.count - count
    if (samples === 0) return 0
    const newSum = histogram.mean * histogram.count
    const meanMs = (newSum - sum) / samples / 1e6
    count = histogram.count
    sum = newSum
    return Math.max(0, meanMs - LOOK_EVERY_MS)
  }
}
