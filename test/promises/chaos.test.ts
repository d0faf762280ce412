import { readdirSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { draw } from '../../packages/supervisor/src/core/restart-budget.ts'
import { Cli, fixture, isSpare, liveMembers, type LogLine, NOBODY } from '../harness/cli.ts'
import { type Answer, Load } from '../harness/client.ts'
import { until } from '../harness/until.ts'

/** See CONTRIBUTING.md. The seed decides what happens to whom, and when; what the machine makes of it, it can't. */
const SECONDS = Number(process.env['CHAOS_SECONDS'] ?? 8)
const SEED = Number(process.env['CHAOS_SEED'] ?? Math.trunc(Math.random() * 2 ** 31))

const WORKERS = 3
const SPARES = 4
const CLIENTS = 3
/** The longest pause between two accidents, and the longest time that a worker is stopped for. */
const LONGEST_PAUSE_MS = 250
const LONGEST_STOP_MS = 600
/** Clients hear of the end of a connection when their own event loop turns, which may take a while on a busy machine. */
const LATENESS_MS = 250
/** Far more than any worker is stopped for, or a place that has failed often waits for. */
const PATIENCE_MS = 90_000

interface Kill {
  readonly pid: number
  readonly at: number
}

interface Failure {
  readonly answer: Answer
  readonly since: number
  readonly until: number
}

/** What happens to a supervisor and its workers. */
class Chaos {
  readonly kills: Kill[] = []
  readonly #cli: Cli
  readonly #stops: Promise<void>[] = []
  #seed: number

  constructor(cli: Cli, seed: number) {
    this.#cli = cli
    this.#seed = seed
  }

  /** Goes on for so long, until nobody is stopped any more. */
  async run(forMs: number): Promise<void> {
    const end = performance.now() + forMs
    while (performance.now() < end) {
      this.#accident()
      await wait(this.#below(LONGEST_PAUSE_MS))
    }
    await Promise.all(this.#stops)
  }

  #accident(): void {
    const dice = this.#below(12)
    const choice = this.#below(1000)
    const forMs = this.#below(LONGEST_STOP_MS)
    if (dice < 2) this.#kill(this.#victim(choice))
    else if (dice < 6) this.#stops.push(this.#stop(this.#victim(choice), forMs))
    else if (dice < 9) this.#cli.signal('SIGHUP')
    else this.#cli.signal(this.#grows(dice) ? 'SIGTTIN' : 'SIGTTOU')
  }

  /** There are always between two workers and twice as many as in the beginning. */
  #grows(dice: number): boolean {
    const workers = wanted(this.#cli)
    return workers <= 2 || (dice < 11 && workers < 2 * WORKERS)
  }

  #victim(choice: number): number {
    const others = othersOf(this.#cli)
    return others[choice % others.length] ?? NOBODY
  }

  #kill(pid: number): void {
    const at = Date.now()
    if (send(pid, 'SIGKILL')) this.kills.push({ pid, at })
  }

  async #stop(pid: number, forMs: number): Promise<void> {
    if (!send(pid, 'SIGSTOP')) return
    await wait(forMs)
    if (othersOf(this.#cli).includes(pid)) send(pid, 'SIGCONT')
  }

  #below(limit: number): number {
    const drawn = draw(this.#seed)
    this.#seed = drawn.seed
    return Math.floor(drawn.value * limit)
  }
}

/** Returns whether there was anybody to get the signal. */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** All that runs besides the supervisor. */
function othersOf(cli: Cli): number[] {
  return liveMembers(cli.pid).filter((pid) => pid !== cli.pid)
}

/** All that runs besides the supervisor and its spares. */
function workersOf(cli: Cli): number[] {
  return othersOf(cli).filter((pid) => !isSpare(pid))
}

/** Waits until there are so many workers, and the spares of each generation that serves, but nobody else. */
async function untilAlone(cli: Cli, workers: number): Promise<void> {
  const all = workers + Math.min(workers, SPARES)
  await until(
    'the others have gone, and the spares are there',
    () => workersOf(cli).length === workers && othersOf(cli).length === all,
    PATIENCE_MS,
  )
}

/** How many workers there should be by now. */
function wanted(cli: Cli): number {
  return Number(cli.events('scaled').at(-1)?.['to'] ?? WORKERS)
}

/** Reloads, which also ends whatever is under way, and waits until there is nothing but the new generation. */
async function calmDown(cli: Cli): Promise<LogLine> {
  const asked = cli.events('reload-asked').length
  cli.signal('SIGHUP')
  const last = await cli.line('reload-asked', asked + 1, PATIENCE_MS)
  // A reload before this one that was about to end tells so first.
  const reloaded = await until(
    'the reload ends',
    () => {
      const later = cli.log.slice(
        cli.log.findLastIndex((line) => line.event === 'reload-asked' && line['time'] === last['time']),
      )
      return later.find(({ event }) => event === 'reloaded' || event === 'reload-failed')
    },
    PATIENCE_MS,
  )
  expect(reloaded).toMatchObject({ event: 'reloaded' })
  await untilAlone(cli, Number(reloaded['workers']))
  return reloaded
}

/** Makes as many workers as there were. */
async function scaleBack(cli: Cli): Promise<void> {
  while (wanted(cli) !== WORKERS) {
    const before = cli.events('scaled').length
    cli.signal(wanted(cli) > WORKERS ? 'SIGTTOU' : 'SIGTTIN')
    await cli.line('scaled', before + 1)
  }
  await untilAlone(cli, WORKERS)
}

function descriptorsOf(cli: Cli): number {
  return readdirSync(`/proc/${cli.pid}/fd`).length
}

/** How many it has when none is open for a moment only: the same number in many looks in a row. */
function settledDescriptorsOf(cli: Cli): Promise<number> {
  let seen = { count: 0, times: 0 }
  return until('no descriptor comes or goes', () => {
    const count = descriptorsOf(cli)
    seen = { count, times: count === seen.count ? seen.times + 1 : 0 }
    return seen.times > 30 && count
  })
}

/** Whether a request was in flight while a worker was on its way out of the world. */
function isVictimOf(failure: Failure, { pid, at }: Kill, log: readonly LogLine[]): boolean {
  const exit = log.find((line) => line.event === 'worker-exited' && line['workerPid'] === pid)
  return failure.until >= at && failure.since <= Number(exit?.['time'] ?? Number.POSITIVE_INFINITY) + LATENESS_MS
}

it(
  `survives whatever happens for ${SECONDS} s (CHAOS_SEED=${SEED})`,
  async () => {
    const env = { SLOW_MS: '15' }
    await using cli = await Cli.serving(['--workers', `${WORKERS}`, fixture('hello.mjs')], { env })
    // What is opened once for good is open by now.
    await calmDown(cli)
    const descriptors = await settledDescriptorsOf(cli)
    const failures: Failure[] = []
    const onFailure = (answer: Answer, since: number): unknown => failures.push({ answer, since, until: Date.now() })
    const shared = { port: cli.port, clients: CLIENTS, patienceMs: PATIENCE_MS, onFailure }
    const loads = [
      new Load({ ...shared, mode: 'fresh', path: '/' }),
      new Load({ ...shared, mode: 'fresh', path: '/slow' }),
      new Load({ ...shared, mode: 'keep-alive', path: '/' }),
      new Load({ ...shared, mode: 'keep-alive', path: '/slow' }),
    ]
    const chaos = new Chaos(cli, SEED)
    await chaos.run(SECONDS * 1000)
    const { generation, workers } = await calmDown(cli)
    const before = loads.map(({ total }) => total)
    await until('all are served', () => loads.every(({ total }, index) => total > (before[index] ?? 0) + 20))
    const tallies = await Promise.all(loads.map((load) => load.end()))

    // The right number of workers, of one generation, and nobody else.
    expect(workers).toBe(wanted(cli))
    const ready = new Map(cli.events('worker-ready').map((line) => [line.workerPid, line['generation']]))
    expect(workersOf(cli).map((pid) => ready.get(pid))).toEqual(Array.from({ length: wanted(cli) }, () => generation))
    // Nothing but the requests in workers that were killed is lost.
    for (const { refused, hung, wrong } of tallies)
      expect({ refused, hung, wrong }).toEqual({ refused: 0, hung: 0, wrong: 0 })
    expect(failures.length).toBeLessThanOrEqual(chaos.kills.length * loads.length * CLIENTS)
    const { log } = cli
    expect(failures.filter((failure) => !chaos.kills.some((kill) => isVictimOf(failure, kill, log)))).toEqual([])
    expect(cli.events('worker-hung')).toEqual([])
    // The supervisor holds on to nothing.
    await scaleBack(cli)
    await until(`it has ${descriptors} descriptors open`, () => descriptorsOf(cli) === descriptors)
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    expect(liveMembers(cli.pid)).toEqual([])
    expect(cli.stderr).toBe('')
  },
  SECONDS * 1000 + 4 * PATIENCE_MS,
)
