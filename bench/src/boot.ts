import { availableParallelism, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { untilIdle } from './measure/idle.ts'
import { untilAnsweredBy } from './measure/answers.ts'
import { compare, LEGEND } from './measure/comparison.ts'
import { settledMemory } from './measure/memory.ts'
import { Running, type Subject } from './measure/running.ts'
import { median } from './measure/statistics.ts'

const WORKERS = 4
const ROUNDS = 20
/** Fewer say nothing for sure. */
const FEWEST_ROUNDS = 6
/** Fill the page cache, and the compile cache of who has one. They are not counted. */
const WARM_UPS = 2

const RAW: Subject = {
  name: 'raw node:cluster',
  command: ['node', path('peers/raw-cluster.mjs'), `${WORKERS}`, app()],
}
const PREFORK: Subject = {
  name: 'prefork',
  command: [path('../packages/supervisor/bin/supervisor.js'), '--workers', `${WORKERS}`, app()],
}

/** What one start of a subject gave. */
interface Sample {
  readonly listeningMs: number
  readonly answeringMs: number
  readonly primaryMb: number
  readonly workerMb: number
  /** Of one worker, while all else is calm. */
  readonly replacedMs: number
  readonly replacementAnswersMs: number
  /** Of one worker right after another one. */
  readonly nextReplacedMs: number
}

/** The time to four ready workers, the memory, and the time to replace a worker, against a raw node:cluster script. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string', default: `${ROUNDS}` } } })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < FEWEST_ROUNDS) {
    throw new Error(`--rounds takes a whole number from ${FEWEST_ROUNDS} on.`)
  }
  const load = loadavg()[0]?.toFixed(1)
  console.log(`Node ${process.version}, ${availableParallelism()} CPUs, load ${load}; ${rounds} rounds\n`)
  const raw: Sample[] = []
  const prefork: Sample[] = []
  for (let round = -WARM_UPS; round < rounds; round++) {
    const [theirs, ours] = await oneRound(round % 2 === 0)
    if (round < 0) continue
    raw.push(theirs)
    prefork.push(ours)
    if (process.stderr.isTTY)
      process.stderr.write(`\rround ${round + 1} of ${rounds}${round + 1 < rounds ? '' : '\n\n'}`)
  }
  console.log(compare(RAW.name, PREFORK.name, table(raw, prefork)))
  console.log(`\n${LEGEND}`)
}

/** Both subjects, one after the other; who goes first alternates, since the machine's mood may follow a pattern. */
async function oneRound(isRawFirst: boolean): Promise<readonly [Sample, Sample]> {
  if (isRawFirst) return [await sample(RAW), await sample(PREFORK)]
  const ours = await sample(PREFORK)
  return [await sample(RAW), ours]
}

async function sample(subject: Subject): Promise<Sample> {
  await using running = new Running(subject)
  try {
    return await measure(running)
  } catch (error) {
    throw new Error(`${subject.name} could not be measured. Its log:\n${running.log}`, { cause: error })
  }
}

async function measure(running: Running): Promise<Sample> {
  const { startedAt, reports } = running
  const listening = await reports.first(WORKERS, 'listening')
  const pids = listening.map(({ pid }) => pid)
  const port = Number(listening[0]?.detail)
  const answeredAt = await answers(running, pids, port, '/boot')
  const primaryMb = await settledMemory(running.pid)
  const workersMb = await Promise.all(pids.map(settledMemory))
  const half = pids.length / 2
  const [calm, next]: [Replacement[], Replacement[]] = [[], []]
  for (const pid of pids.slice(0, half)) {
    await untilIdle(running.pid)
    calm.push(await replace(running, pid, port))
  }
  for (const pid of pids.slice(half)) next.push(await replace(running, pid, port))
  return {
    listeningMs: (listening.at(-1)?.at ?? Number.NaN) - startedAt,
    answeringMs: answeredAt - startedAt,
    primaryMb,
    workerMb: median(workersMb),
    replacedMs: median(calm.map(({ listeningMs }) => listeningMs)),
    replacementAnswersMs: median(calm.map(({ answersMs }) => answersMs)),
    nextReplacedMs: median(next.map(({ listeningMs }) => listeningMs)),
  }
}

interface Replacement {
  readonly listeningMs: number
  readonly answersMs: number
}

/** Each place's first failure is answered at once by prefork, so each worker is killed once. */
async function replace(running: Running, victim: number, port: number): Promise<Replacement> {
  const killedAt = performance.now()
  process.kill(victim, 'SIGKILL')
  const [successor] = await running.reports.first(1, 'listening', ({ at }) => at > killedAt)
  if (successor === undefined) throw new Error(`nobody replaced ${victim}`)
  const answeredAt = await answers(running, [successor.pid], port, `/after-${victim}`)
  return { listeningMs: successor.at - killedAt, answersMs: answeredAt - killedAt }
}

/** When each of the workers has answered a request. Returns as soon as all who stepped aside for that are back. */
async function answers(running: Running, pids: readonly number[], port: number, poll: string): Promise<number> {
  const answered = await untilAnsweredBy(pids, port, poll)
  await running.reports.first(answered.pids.size, 'back', ({ detail }) => detail === poll)
  return answered.at
}

function table(raw: readonly Sample[], prefork: readonly Sample[]): Parameters<typeof compare>[2] {
  const row = (what: string, unit: 'ms' | 'MB', key: keyof Sample, most: number | null) => ({
    what,
    unit,
    most,
    peer: raw.map((sample) => sample[key]),
    own: prefork.map((sample) => sample[key]),
  })
  return [
    row('boot: start to 4 workers listening', 'ms', 'listeningMs', 80),
    row('boot: start to 4 workers answering', 'ms', 'answeringMs', 80),
    row('replacement: SIGKILL to listening', 'ms', 'replacedMs', 10),
    row('replacement: SIGKILL to answering', 'ms', 'replacementAnswersMs', 10),
    row('replacement right after another: SIGKILL to listening', 'ms', 'nextReplacedMs', null),
    row('memory of the supervisor', 'MB', 'primaryMb', 25),
    row('memory of a worker', 'MB', 'workerMb', null),
  ]
}

function app(): string {
  return path('peers/app.mjs')
}

function path(fromBench: string): string {
  return fileURLToPath(new URL(`../${fromBench}`, import.meta.url))
}
