import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { APPS, installPackages, type App } from './editing/apps.ts'
import { Session, type Memory, type Save } from './editing/session.ts'
import { NODEMON, PREFORK, TOOLS, type Tool } from './editing/tools.ts'
import { median, summarize } from './measure/statistics.ts'
import { layOut } from './measure/table.ts'

const ROUNDS = 15
/** Fill the caches, and tell prefork what to have ready. They are not counted. */
const WARM_UPS = 2
const MOST_MS = 25
/** Of nodemon's time, at most. */
const LARGEST_SHARES: Readonly<Record<string, number>> = { bare: 1 / 3, Fastify: 1 / 6, heavy: 1 / 20 }

/** What one tool did with one app. */
interface Entry {
  readonly tool: Tool
  readonly app: App
  readonly session: Session
  readonly saves: Save[]
  memory: Memory | null
}

/** From saving a file to the first answer by the new code, and what a client loses on the way. */
export async function run(args: readonly string[]): Promise<void> {
  const { rounds, apps, tools } = readArgs(args)
  console.log(`Node ${process.version}, ${availableParallelism()} CPUs, load ${loadOf()}; ${rounds} rounds\n`)
  await installPackages()
  const present = await presentOf(tools)
  const entries: Entry[] = []
  for (const app of apps) entries.push(...(await measure(app, present, rounds)))
  console.log(table(entries))
  console.log(`\n${verdicts(entries).join('\n')}\n\nload at the end: ${loadOf()}`)
}

function readArgs(args: readonly string[]): { rounds: number; apps: readonly App[]; tools: readonly Tool[] } {
  const text = { type: 'string', default: '' } as const
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: `${ROUNDS}` }, apps: text, only: text },
  })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1 on.')
  return { rounds, apps: chosen('apps', APPS, values.apps), tools: chosen('only', TOOLS, values.only) }
}

function chosen<Named extends { readonly name: string }>(
  option: string,
  all: readonly Named[],
  names: string,
): readonly Named[] {
  const wanted = names === '' ? all : all.filter(({ name }) => names.split(',').includes(name))
  if (wanted.length === 0) throw new Error(`--${option} takes some of ${all.map(({ name }) => name).join(',')}.`)
  return wanted
}

async function presentOf(tools: readonly Tool[]): Promise<readonly Tool[]> {
  const present: Tool[] = []
  for (const tool of tools) {
    const missing = await tool.missing()
    if (missing === null) present.push(tool)
    else console.log(`${tool.name} is left out: ${missing}.\n`)
  }
  return present
}

/** All tools run side by side, and rest but for the one whose file is saved: so each round meets the same machine. */
async function measure(app: App, tools: readonly Tool[], rounds: number): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  try {
    for (const tool of tools) {
      const session = await Session.start(tool, app)
      if (session !== null) entries.push({ tool, app, session, saves: [], memory: null })
    }
    for (let round = -WARM_UPS; round < rounds; round++) {
      progress(`${app.name}: round ${round + 1} of ${rounds}`)
      for (const { session, saves } of round % 2 === 0 ? entries : entries.toReversed()) {
        const save = await session.save()
        if (round >= 0) saves.push(save)
      }
    }
    for (const entry of entries) entry.memory = await entry.session.memory()
    return entries
  } finally {
    progress('')
    await Promise.all(entries.map(({ session }) => session[Symbol.asyncDispose]()))
  }
}

function table(entries: readonly Entry[]): string {
  const head = ['app', 'tool', 'save to new answer, ms', 'ratio', 'saves', 'lost', 'polls', 'refused', 'failed']
  const memories = ['supervisor, MB', 'worker, MB', 'spare, MB']
  const rows = entries.map((entry) => {
    const { saves, memory } = entry
    const { median: middle, quartiles } = summarize(timesOf(entry))
    const own = find(entries, PREFORK, entry.app)
    return [
      entry.app.name,
      entry.tool.name,
      `${middle.toFixed(1)} (${quartiles.map((value) => value.toFixed(1)).join(' .. ')})`,
      own === undefined ? '' : `${(middle / median(timesOf(own))).toFixed(2)} x`,
      `${saves.length}`,
      `${saves.filter(({ isLost }) => isLost).length}`,
      ...(['polls', 'refused', 'failed'] as const).map((key) => `${sum(saves.map((save) => save[key]))}`),
      ...(['supervisor', 'worker', 'spare'] as const).map((key) => memory?.[key]?.toFixed(0) ?? ''),
    ]
  })
  return layOut([...head, ...memories], rows)
}

function verdicts(entries: readonly Entry[]): string[] {
  const lines: string[] = []
  const judge = (app: App, text: string, isMet: boolean): void => {
    lines.push(`prefork, ${app.name}: ${text}: ${isMet ? 'met' : 'MISSED'}`)
  }
  for (const own of entries.filter(({ tool }) => tool === PREFORK)) {
    const { app, saves } = own
    const ms = median(timesOf(own))
    judge(app, `${ms.toFixed(1)} ms; target at most ${MOST_MS}`, ms <= MOST_MS)
    const lost = sum(saves.map(({ refused, failed }) => refused + failed))
    const kinds = [...new Set(saves.flatMap(({ failures }) => failures))].map((kind) => ` (${kind})`).join('')
    judge(app, `${lost} polls refused or failed${kinds}; target 0`, lost === 0)
    const nodemon = find(entries, NODEMON, app)
    const most = LARGEST_SHARES[app.name]
    if (nodemon === undefined || most === undefined) continue
    const share = ms / median(timesOf(nodemon))
    judge(app, `${share.toFixed(3)} of nodemon's time; target at most ${most.toFixed(3)}`, share <= most)
  }
  return lines
}

function find(entries: readonly Entry[], wanted: Tool, { name }: App): Entry | undefined {
  return entries.find(({ tool, app }) => tool === wanted && app.name === name)
}

function timesOf({ saves }: Entry): readonly number[] {
  return saves.map(({ ms }) => ms)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function loadOf(): string {
  return loadavg()[0]?.toFixed(1) ?? '?'
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`)
}
