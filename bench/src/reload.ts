import { setTimeout as wait } from 'node:timers/promises'
import type { Load } from './load/load.ts'
import { failuresOf, LOSS_TITLES, lossCells, requestsOf } from './load/losses.ts'
import type { LoadResult, Mode } from './load/messages.ts'
import { now } from './measure/clock.ts'
import { median, summarize } from './measure/statistics.ts'
import { layOut } from './measure/table.ts'
import { contest, readNumbers, type Entry } from './subjects/contest.ts'
import { PM2 } from './subjects/pm2.ts'
import { PREFORK } from './subjects/prefork.ts'
import type { Contender, Service } from './subjects/subject.ts'
import { settledWorkers, trial } from './subjects/trial.ts'

const ROUNDS = 2
/** In each mode, over all rounds. */
const RELOADS = 20
/** In each mode, over all reloads. */
const FEWEST_REQUESTS = 20_000
/** Between two reloads. */
const PAUSE_MS = 3000
/** Of PM2's time. */
const LARGEST_SHARE = 0.25

/** One reload, in ms from the command on. */
interface Reload {
  readonly firstNewMs: number
  readonly onlyNewMs: number
  /** Null for who does not say so. */
  readonly saidMs: number | null
}

interface Sample {
  readonly reloads: readonly Reload[]
  readonly result: LoadResult
}

/** What is only the bench's own account of a reload, before it is known who has answered when. */
interface Account {
  readonly begunAt: number
  readonly saidAt: number | null
  readonly old: readonly number[]
  readonly successors: readonly number[]
}

/** What reloads under load cost a client that never retries, and how long one takes. */
export async function run(args: readonly string[]): Promise<void> {
  const numbers = readNumbers(args, ROUNDS, RELOADS)
  const { rounds, demand, reloads } = numbers
  const requests = Math.ceil(FEWEST_REQUESTS / reloads)
  const countOf = ({ mostReloads }: Contender): number => Math.ceil(Math.min(mostReloads, reloads) / rounds)
  const entries = await contest(numbers, async (contender, mode): Promise<Sample> => {
    const { done, result } = await trial(contender, mode, demand, async (service, load) => {
      const accounts: Account[] = []
      for (let count = countOf(contender); count > 0; count--) accounts.push(await reloadOnce(service, load, requests))
      return accounts
    })
    return { reloads: done.map((account) => timesOf(account, result)), result }
  })
  if (entries.length === 0) return
  console.log(table(entries))
  console.log(`\n${verdicts(entries).join('\n')}`)
}

async function reloadOnce(service: Service, load: Load, requests: number): Promise<Account> {
  await load.requests(requests)
  // Nobody deploys the very moment that a deploy has ended; who prepares for the next one gets the time, under load.
  await wait(PAUSE_MS)
  const old = await settledWorkers(service)
  const begunAt = now()
  const saidAt = (await service.reload()) ? now() : null
  const successors = await settledWorkers(service, old)
  return { begunAt, saidAt, old, successors }
}

function timesOf({ begunAt, saidAt, old, successors }: Account, { answerers }: LoadResult): Reload {
  const firsts = answerers.filter(({ pid }) => successors.includes(pid)).map(({ firstAt }) => firstAt)
  const lasts = answerers.filter(({ pid }) => old.includes(pid)).map(({ lastAt }) => lastAt)
  const firstNewMs = Math.min(...firsts) - begunAt
  return {
    firstNewMs,
    // Who sends its old workers away too early answers nothing for a while: that time counts as well.
    onlyNewMs: Math.max(firstNewMs, ...lasts.map((lastAt) => lastAt - begunAt)),
    saidMs: saidAt === null ? null : saidAt - begunAt,
  }
}

function table(entries: readonly Entry<Sample>[]): string {
  const times = ['first new answer, ms', 'only new answers, ms', 'ratio', 'says done, ms', 'slowest answer, ms']
  const rows = entries.map((entry) => {
    const results = entry.samples.map(({ result }) => result)
    const reloads = reloadsOf(entry)
    const said = reloads.flatMap(({ saidMs }) => (saidMs === null ? [] : [saidMs]))
    return [
      entry.contender.name,
      entry.mode,
      `${reloads.length}`,
      requestsOf(results).toLocaleString('en'),
      ...lossCells(results),
      spread(reloads.map(({ firstNewMs }) => firstNewMs)),
      spread(reloads.map(({ onlyNewMs }) => onlyNewMs)),
      ratio(entry, find(entries, PREFORK, entry.mode)),
      said.length === 0 ? 'never' : spread(said),
      Math.max(...results.map(({ slowestMs }) => slowestMs)).toFixed(0),
    ]
  })
  return layOut(['', 'mode', 'reloads', 'requests', ...LOSS_TITLES, ...times], rows)
}

function verdicts(entries: readonly Entry<Sample>[]): string[] {
  return entries
    .filter(({ contender }) => contender === PREFORK)
    .flatMap((own) => {
      const results = own.samples.map(({ result }) => result)
      const failed = failuresOf(results)
      const [reloads, requests] = [reloadsOf(own).length, requestsOf(results)]
      const counted = `${failed} of ${requests.toLocaleString('en')} requests failed in ${reloads} reloads`
      const lines = [verdict(own.mode, `${counted}; target 0`, failed === 0 && requests >= FEWEST_REQUESTS)]
      const pm2 = find(entries, PM2, own.mode)
      if (pm2 === undefined) return lines
      // Of prefork's two measures the longer one: neither what it says nor what its clients see may flatter it.
      const longest = reloadsOf(own).map(({ onlyNewMs, saidMs }) => Math.max(onlyNewMs, saidMs ?? 0))
      const share = median(longest) / median(reloadsOf(pm2).map(({ onlyNewMs }) => onlyNewMs))
      const text = `a reload takes ${share.toFixed(2)} of PM2's time; target at most ${LARGEST_SHARE}`
      return [...lines, verdict(own.mode, text, share <= LARGEST_SHARE)]
    })
}

function verdict(mode: Mode, text: string, isMet: boolean): string {
  return `prefork, ${mode}: ${text}: ${isMet ? 'met' : 'MISSED'}`
}

function ratio(entry: Entry<Sample>, own: Entry<Sample> | undefined): string {
  if (own === undefined) return ''
  const [theirs, ours] = [entry, own].map((one) => median(reloadsOf(one).map(({ onlyNewMs }) => onlyNewMs)))
  return `${((theirs ?? Number.NaN) / (ours ?? Number.NaN)).toFixed(2)} x`
}

function find(entries: readonly Entry<Sample>[], contender: Contender, wanted: Mode): Entry<Sample> | undefined {
  return entries.find(({ contender: other, mode }) => other === contender && mode === wanted)
}

function reloadsOf({ samples }: Entry<Sample>): readonly Reload[] {
  return samples.flatMap(({ reloads }) => reloads)
}

function spread(values: readonly number[]): string {
  const { median, quartiles } = summarize(values)
  return `${median.toFixed(0)} (${quartiles.map((value) => value.toFixed(0)).join(' .. ')})`
}
