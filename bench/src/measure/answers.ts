import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

/** As many connections at once as there are workers: whoever deals them out in turn then has one for each. */
const AT_ONCE = 4
const ASK_EVERY_MS = 1
const PATIENCE_MS = 20_000

export interface Answered {
  /** Everyone who has answered. */
  readonly pids: ReadonlySet<number>
  /** When the last of those answered that were waited for. */
  readonly at: number
}

/**
 * Asks over connections of their own until each of `wanted` has answered. Who has answered steps aside, so that the
 * next connection is for the others; a connection that nobody takes yet waits for the one who will.
 */
export async function untilAnsweredBy(wanted: readonly number[], port: number, poll: string): Promise<Answered> {
  const pids = new Set<number>()
  let at = Number.NaN
  const asked: Promise<void>[] = []
  const isDone = (): boolean => wanted.every((pid) => pids.has(pid))
  const deadline = performance.now() + PATIENCE_MS
  const askOnce = async (): Promise<void> => {
    const pid = await askSoon(port, poll)
    if (pid === null) return
    const wasDone = isDone()
    pids.add(pid)
    if (!wasDone && isDone()) at = performance.now()
  }
  for (let count = 1; count < AT_ONCE; count++) asked.push(askOnce())
  while (!isDone()) {
    if (performance.now() > deadline) throw new Error(`of ${wanted.join(', ')} only ${[...pids].join(', ')} answered`)
    asked.push(askOnce())
    await wait(ASK_EVERY_MS)
  }
  await Promise.all(asked)
  return { pids, at }
}

/** Null if nobody has opened the port yet, though the app believes that it listens: under node:cluster that comes later. */
async function askSoon(port: number, poll: string): Promise<number | null> {
  try {
    return await ask(port, poll)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return null
    throw error
  }
}

/** The number of the process that answers. */
export function ask(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent: false, host: '127.0.0.1', port, path }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (body += chunk))
      response.on('error', reject)
      response.on('end', () => resolve(Number(body)))
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}
