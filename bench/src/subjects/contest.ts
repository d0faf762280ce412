import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { MODES, type Demand, type Mode } from '../load/messages.ts'
import { GUNICORN } from './gunicorn.ts'
import { PM2 } from './pm2.ts'
import { PREFORK } from './prefork.ts'
import { ROLLING_CLUSTER } from './rolling-cluster.ts'
import type { Contender } from './subject.ts'

const ALL: readonly Contender[] = [PREFORK, ROLLING_CLUSTER, PM2, GUNICORN]
const CONNECTIONS = 32

/** What the command line says, and what each bench takes if it says nothing. */
export interface Numbers {
  readonly rounds: number
  readonly demand: Demand
  readonly reloads: number
  /** Names of contenders with commas between them; all of them if empty. */
  readonly only: string
}

/** What the trials of one contender in one mode gave. */
export interface Entry<Sample> {
  readonly contender: Contender
  readonly mode: Mode
  readonly samples: Sample[]
}

export function readNumbers(args: readonly string[], rounds: number, reloads: number | null): Numbers {
  const names = ['rounds', 'connections', 'only', ...(reloads === null ? [] : ['reloads', 'pause'])]
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  const values: Readonly<Record<string, unknown>> = parseArgs({ args: [...args], options }).values
  return {
    rounds: whole('rounds', values['rounds'] ?? rounds),
    demand: {
      connections: whole('connections', values['connections'] ?? CONNECTIONS),
      pauseMs: whole('pause', values['pause'] ?? 0, 0),
    },
    reloads: whole('reloads', values['reloads'] ?? reloads ?? 1),
    only: typeof values['only'] === 'string' ? values['only'] : '',
  }
}

/**
 * Has every contender tried in both modes in every round, one after the other; the next round goes the other way
 * round. Who fails is not tried again: the others are, and the bench as a whole has failed.
 */
export async function contest<Sample>(
  { rounds, only }: Numbers,
  tryOnce: (contender: Contender, mode: Mode) => Promise<Sample>,
): Promise<readonly Entry<Sample>[]> {
  console.log(`Node ${process.version}, ${availableParallelism()} CPUs, load ${loadavg()[0]?.toFixed(1)}\n`)
  const contenders = await present(only)
  const entries = MODES.flatMap((mode) => contenders.map((contender) => ({ contender, mode, samples: [] as Sample[] })))
  const failed = new Set<Contender>()
  for (let round = 0; round < rounds; round++) {
    for (const { contender, mode, samples } of round % 2 === 0 ? entries : entries.toReversed()) {
      if (failed.has(contender)) continue
      progress(`round ${round + 1} of ${rounds}: ${contender.name}, ${mode}`)
      try {
        samples.push(await tryOnce(contender, mode))
      } catch (error) {
        failed.add(contender)
        console.log(`${error instanceof Error ? error.message : String(error)}\n`)
        process.exitCode = 1
      }
    }
  }
  progress('')
  return entries.filter(({ samples }) => samples.length > 0)
}

async function present(only: string): Promise<readonly Contender[]> {
  const wanted = only === '' ? ALL : ALL.filter(({ name }) => only.split(',').includes(name))
  if (wanted.length === 0) throw new Error(`--only takes some of ${ALL.map(({ name }) => name).join(',')}.`)
  const found: Contender[] = []
  for (const contender of wanted) {
    const missing = await contender.missing()
    if (missing === null) found.push(contender)
    else console.log(`${contender.name} is left out: ${missing}.\n`)
  }
  return found
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`)
}

function whole(name: string, value: unknown, least = 1): number {
  const count = Number(value)
  if (!Number.isInteger(count) || count < least) throw new Error(`--${name} takes a whole number from ${least} on.`)
  return count
}
