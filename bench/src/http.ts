import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MODES, type Mode } from './load/messages.ts'
import { hasWrk, wrk, type Throughput } from './load/wrk.ts'
import { ask } from './measure/answers.ts'
import { freePort } from './measure/free-port.ts'
import { atTheEnd } from './measure/groups.ts'
import { median, summarize } from './measure/statistics.ts'
import { layOut } from './measure/table.ts'
import { until } from './measure/until.ts'
import { PM2 } from './subjects/pm2.ts'
import { PREFORK, startPrefork } from './subjects/prefork.ts'
import { PLAIN_NODE, RAW_CLUSTER } from './subjects/raw-cluster.ts'
import type { Contender } from './subjects/subject.ts'

const ROUNDS = 8
const SECONDS = 3
const CONNECTIONS = 64
/** Compiles what is hot, and fills caches. */
const WARM_UP_SECONDS = 1
/** Of raw node:cluster's rate. */
const LEAST_KEEP_ALIVE = 0.98
const LEAST_FRESH = 1.6
/** Of the rate without an access log. */
const LEAST_LOGGED = 0.9

const LOGS: string = mkdtempSync(join(tmpdir(), 'prefork-bench-log-'))

const LOGGING: Contender = {
  ...PREFORK,
  name: 'prefork with access log',
  start: (port, workers) => startPrefork(port, workers, ['--access-log', '--access-log-file', join(LOGS, `${port}`)]),
}
const ALL: readonly Contender[] = [RAW_CLUSTER, PREFORK, LOGGING, PM2, PLAIN_NODE]

/** A contender with so many workers, and what each round gave. */
interface Entry {
  readonly contender: Contender
  readonly workers: number
  /** By the number of the round: only values of one round are compared. */
  readonly rounds: Map<number, Readonly<Record<Mode, Throughput>>>
}

interface Numbers {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
}

/** Requests per second, and how long the slowest of them take, over kept and fresh connections. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(NAMES.map((name) => [name, { type: 'string' as const }])),
  })
  if (!(await hasWrk())) return console.log('Skipped: it takes wrk (on Debian: apt-get install wrk).')
  const numbers = {
    rounds: whole('rounds', values['rounds'] ?? ROUNDS),
    seconds: whole('seconds', values['seconds'] ?? SECONDS),
    connections: whole('connections', values['connections'] ?? CONNECTIONS),
  }
  const workers = (values['workers'] ?? '2,4').split(',').map((count) => whole('workers', count))
  console.log(`Node ${process.version}, ${availableParallelism()} CPUs, load ${loadavg()[0]?.toFixed(1)}\n`)
  const forget = atTheEnd(() => rmSync(LOGS, { recursive: true, force: true }))
  const entries = await contest(await present(values['only']), workers, numbers)
  rmSync(LOGS, { recursive: true, force: true })
  forget()
  console.log(table(entries))
  console.log(`\n${verdicts(entries).join('\n')}`)
}

const NAMES = ['rounds', 'seconds', 'connections', 'workers', 'only']

async function present(only: unknown): Promise<readonly Contender[]> {
  const wanted = typeof only === 'string' ? ALL.filter(({ name }) => only.split(',').includes(name)) : ALL
  if (wanted.length === 0) throw new Error(`--only takes some of "${ALL.map(({ name }) => name).join(',')}".`)
  const found: Contender[] = []
  for (const contender of wanted) {
    const missing = await contender.missing()
    if (missing === null) found.push(contender)
    else console.log(`${contender.name} is left out: ${missing}.\n`)
  }
  return found
}

/** Every round measures all, one right after the other; the next one goes the other way round. */
async function contest(
  contenders: readonly Contender[],
  counts: readonly number[],
  numbers: Numbers,
): Promise<readonly Entry[]> {
  const entries = counts.flatMap((workers) =>
    contenders
      .filter((contender) => contender !== PLAIN_NODE || workers === counts[0])
      .map((contender): Entry => ({ contender, workers: contender === PLAIN_NODE ? 1 : workers, rounds: new Map() })),
  )
  for (let round = 0; round < numbers.rounds; round++) {
    for (const entry of round % 2 === 0 ? entries : entries.toReversed()) {
      const { contender, workers, rounds } = entry
      progress(`round ${round + 1} of ${numbers.rounds}: ${contender.name}, ${workers}`)
      try {
        rounds.set(round, await measure(entry, numbers))
      } catch (error) {
        console.log(`${contender.name} with ${workers} workers, round ${round + 1}: ${String(error)}\n`)
        process.exitCode = 1
      }
    }
  }
  progress('')
  return entries.filter(({ rounds }) => rounds.size > 0)
}

async function measure(
  { contender, workers }: Entry,
  { seconds, connections }: Numbers,
): Promise<Record<Mode, Throughput>> {
  const port = await freePort()
  await using _service = await contender.start(port, workers)
  await until('it answers', async () => {
    try {
      return (await ask(port, '/')) > 0
    } catch {
      return false
    }
  })
  const inMode = async (isFresh: boolean): Promise<Throughput> => {
    await wrk(port, { seconds: WARM_UP_SECONDS, connections, isFresh })
    return wrk(port, { seconds, connections, isFresh })
  }
  try {
    return { 'keep-alive': await inMode(false), fresh: await inMode(true) }
  } finally {
    rmSync(join(LOGS, `${port}`), { force: true })
  }
}

function table(entries: readonly Entry[]): string {
  const rows = MODES.flatMap((mode) =>
    entries.map((entry) => {
      const all = [...entry.rounds.values()].map((round) => round[mode])
      const rates = summarize(all.map(({ requestsPerSecond }) => requestsPerSecond))
      const [low, high] = rates.quartiles.map(thousands)
      const raw = entries.find(({ contender, workers }) => contender === RAW_CLUSTER && workers === entry.workers)
      return [
        entry.contender.name,
        `${entry.workers}`,
        mode,
        `${thousands(rates.median)} (${low} .. ${high})`,
        median(all.map(({ p99Ms }) => p99Ms)).toFixed(2),
        raw === undefined ? '' : shares(entry, raw, mode).text,
      ]
    }),
  )
  return layOut(['', 'workers', 'mode', 'requests/s', 'p99, ms', 'of raw, in the same round'], rows)
}

function verdicts(entries: readonly Entry[]): string[] {
  return entries.flatMap((raw) => {
    if (raw.contender !== RAW_CLUSTER) return []
    const { workers } = raw
    const own = entries.find((entry) => entry.contender === PREFORK && entry.workers === workers)
    const logging = entries.find((entry) => entry.contender === LOGGING && entry.workers === workers)
    if (own === undefined) return []
    const lines = [judge(`keep-alive, ${workers} workers, of raw`, shares(own, raw, 'keep-alive'), LEAST_KEEP_ALIVE)]
    if (workers === 2) lines.push(judge('fresh, 2 workers, of raw', shares(own, raw, 'fresh'), LEAST_FRESH))
    if (logging === undefined) return lines
    const shareOfOff = shares(logging, own, 'keep-alive')
    return [...lines, judge(`access log on, keep-alive, ${workers} workers, of off`, shareOfOff, LEAST_LOGGED)]
  })
}

interface Share {
  readonly median: number
  readonly bounds: readonly [number, number]
  readonly text: string
}

/** One's rate in terms of the other's, round by round: the machine's mood is the same for both. */
function shares(one: Entry, other: Entry, mode: Mode): Share {
  const values = [...one.rounds].flatMap(([round, { [mode]: own }]) => {
    const theirs = other.rounds.get(round)?.[mode]
    return theirs === undefined ? [] : [own.requestsPerSecond / theirs.requestsPerSecond]
  })
  const { median: middle, bounds } = summarize(values)
  const [low, high] = bounds.map((value) => value.toFixed(3))
  return { median: middle, bounds, text: `${middle.toFixed(3)} [${low} .. ${high}]` }
}

function judge(what: string, { bounds, text, median: middle }: Share, least: number): string {
  const isCertain = bounds[0] >= least || bounds[1] < least
  const verdict = middle >= least ? 'met' : 'MISSED'
  return `prefork, ${what}: ${text}; target at least ${least}: ${verdict}${isCertain ? '' : ', but uncertain'}`
}

function thousands(rate: number): string {
  return Math.round(rate).toLocaleString('en')
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`)
}

function whole(name: string, value: unknown): number {
  const count = Number(value)
  if (!Number.isInteger(count) || count < 1) throw new Error(`--${name} takes a whole number from 1 on.`)
  return count
}
