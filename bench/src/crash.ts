import { failuresOf, LOSS_TITLES, lossCells, requestsOf } from './load/losses.ts'
import type { LoadResult } from './load/messages.ts'
import { median, summarize } from './measure/statistics.ts'
import { layOut } from './measure/table.ts'
import { contest, readNumbers, type Entry } from './subjects/contest.ts'
import { PREFORK } from './subjects/prefork.ts'
import { settledWorkers, trial } from './subjects/trial.ts'

const ROUNDS = 5
/** After the crash, so that what is lost late is seen as well. */
const LATER_REQUESTS = 5000

interface Sample {
  readonly result: LoadResult
  readonly inFlight: number
  readonly outageMs: number
}

/** What is lost when all workers are killed at once under load, and how long nobody answers. One crash a round. */
export async function run(args: readonly string[]): Promise<void> {
  const numbers = readNumbers(args, ROUNDS, null)
  const entries = await contest(numbers, async (contender, mode): Promise<Sample> => {
    const { done, result } = await trial(contender, mode, numbers.demand, async (service, load) => {
      const killed = await settledWorkers(service)
      load.kill(killed)
      await load.answerOfOthers(killed)
      await settledWorkers(service, killed)
      await load.requests(LATER_REQUESTS)
      return killed
    })
    return sampleOf(done, result)
  })
  if (entries.length === 0) return
  console.log(table(entries))
  console.log(`\n${verdicts(entries).join('\n')}`)
}

function sampleOf(killed: readonly number[], result: LoadResult): Sample {
  if (result.kill === null) throw new Error('The client has killed nobody.')
  const { at, inFlight } = result.kill
  const firsts = result.answerers.filter(({ pid }) => !killed.includes(pid)).map(({ firstAt }) => firstAt)
  return { result, inFlight, outageMs: Math.min(...firsts) - at }
}

function table(entries: readonly Entry<Sample>[]): string {
  const head = ['', 'mode', 'crashes', 'requests', 'in flight', ...LOSS_TITLES, 'answers again, ms', 'ratio']
  const rows = entries.map(({ contender, mode, samples }) => {
    const results = samples.map(({ result }) => result)
    const outages = samples.map(({ outageMs }) => outageMs)
    const own = entries.find((entry) => entry.contender === PREFORK && entry.mode === mode)
    const { median: middle, quartiles } = summarize(outages)
    return [
      contender.name,
      mode,
      `${samples.length}`,
      requestsOf(results).toLocaleString('en'),
      `${samples.reduce((sum, { inFlight }) => sum + inFlight, 0)}`,
      ...lossCells(results),
      `${middle.toFixed(0)} (${quartiles.map((value) => value.toFixed(0)).join(' .. ')})`,
      own === undefined ? '' : `${(middle / median(own.samples.map(({ outageMs }) => outageMs))).toFixed(2)} x`,
    ]
  })
  return layOut(head, rows)
}

function verdicts(entries: readonly Entry<Sample>[]): string[] {
  return entries
    .filter(({ contender }) => contender === PREFORK)
    .flatMap(({ mode, samples }) => {
      const failures = samples.flatMap(({ result }) => result.failures)
      const refused = failures.filter(({ kind }) => kind === 'refused').length
      const excess = samples.filter(({ result, inFlight }) => failuresOf([result]) > inFlight).length
      return [
        `prefork, ${mode}: ${refused} requests refused; target 0: ${refused === 0 ? 'met' : 'MISSED'}`,
        `prefork, ${mode}: crashes that lost more than was in flight: ${excess} of ${samples.length}; target 0: ${excess === 0 ? 'met' : 'MISSED'}`,
      ]
    })
}
