import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** How long wrk may take to come to an end by itself, in addition to what it was told. */
const PATIENCE_MS = 10_000

/** What a run of wrk has measured. */
export interface Throughput {
  readonly requestsPerSecond: number
  readonly p99Ms: number
}

/** What wrk is told: for how long, over how many connections, and whether each request gets a new one. */
export interface Effort {
  readonly seconds: number
  readonly connections: number
  readonly isFresh: boolean
}

export async function hasWrk(): Promise<boolean> {
  try {
    await execute('wrk', ['--version'])
    return true
  } catch (error) {
    // It takes the question for a wrong call.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

/** Has wrk ask for `/`, from one thread: the processors are for those who answer. Throws if a request fails. */
export async function wrk(port: number, { seconds, connections, isFresh }: Effort): Promise<Throughput> {
  const close = isFresh ? ['--header', 'Connection: close'] : []
  const args = ['--threads', '1', '--connections', `${connections}`, '--duration', `${seconds}s`, '--latency', ...close]
  const timeout = seconds * 1000 + PATIENCE_MS
  const { stdout } = await execute('wrk', [...args, `http://127.0.0.1:${port}/`], { timeout })
  const failures = /Socket errors: .*|Non-2xx or 3xx responses: .*/.exec(stdout)?.[0]
  if (failures !== undefined) throw new Error(`wrk tells of failures. ${failures}`)
  const perSecond = /Requests\/sec:\s+(?<rate>[\d.]+)/.exec(stdout)?.groups?.['rate']
  const p99 = /^\s+99%\s+(?<time>[\d.]+)(?<unit>us|ms|s)$/m.exec(stdout)?.groups
  if (perSecond === undefined || p99 === undefined) throw new Error(`wrk has said something unexpected:\n${stdout}`)
  return { requestsPerSecond: Number(perSecond), p99Ms: Number(p99['time']) * (UNITS[p99['unit'] ?? ''] ?? Number.NaN) }
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 }
