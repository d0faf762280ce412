import { connect } from 'node:net'
import { expect } from 'vitest'
import type { AcceptMode } from '../../packages/supervisor/src/protocol/orders.ts'
import { Cli, fixture } from '../harness/cli.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

/** Far below the graceful timeout: what is over by then has ended by itself. */
const SOON_MS = 12_000
/** What timers and polls may be off by. */
const SLACK_MS = 50

export interface DrainOptions {
  readonly accept?: AcceptMode
  readonly workers?: number
  /** In seconds. */
  readonly graceful?: number
  readonly env?: Readonly<Record<string, string>>
}

/** A supervisor that serves a fixture, and will be stopped. */
export interface Served extends AsyncDisposable {
  readonly cli: Cli
  readonly port: number
}

export async function serve(app: string, options: DrainOptions = {}): Promise<Served> {
  const { accept = 'shared', workers = 1, graceful = 25, env = {} } = options
  // node:cluster's listeners are not told of.
  const port = await freePort()
  const args = ['--workers', `${workers}`, '--accept', accept, '--graceful-timeout', `${graceful}`, fixture(app)]
  const cli = await Cli.serving(args, { env: { ...env, APP_PORT: `${port}` } })
  return { cli, port, [Symbol.asyncDispose]: () => cli[Symbol.asyncDispose]() }
}

/** What the app has told, in order. */
export function toldBy(cli: Cli): string[] {
  return [...cli.stdout.matchAll(/^\[(.*)\]$/gm)].map(([, word = '']) => word)
}

export async function told(cli: Cli, word: string): Promise<void> {
  await until(`the app tells ${word}`, () => toldBy(cli).includes(word))
}

/** Begins a stop, and returns when nobody accepts any more. */
export async function beginStop({ cli, port }: Served): Promise<void> {
  cli.signal('SIGTERM')
  await until('new connections are refused', () => isRefused(port))
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
  })
}

/** The stop has ended by itself: nobody was killed, and nothing waited for the graceful timeout. */
export async function endsSoon(cli: Cli): Promise<void> {
  await ends(cli, 0, SOON_MS)
}

/** The stop has ended in good order when the graceful timeout was over, and not before. */
export async function endsAtDeadline(cli: Cli, gracefulSeconds: number): Promise<void> {
  await ends(cli, gracefulSeconds * 1000 - SLACK_MS, gracefulSeconds * 1000 + 4000)
}

async function ends(cli: Cli, leastMs: number, mostMs: number): Promise<void> {
  const since = performance.now()
  expect(await cli.exit(30_000)).toEqual({ code: 0, signal: null })
  const tookMs = performance.now() - since
  expect(tookMs).toBeLessThan(mostMs)
  // The clock of the test began a little later than that of the worker.
  expect(tookMs).toBeGreaterThan(leastMs - 500)
  expect(cli.events('worker-killed')).toEqual([])
  expect(cli.events('worker-exited').map(({ code, signal }) => ({ code, signal }))).toEqual(
    cli.workerPids.map(() => ({ code: 0, signal: null })),
  )
}
