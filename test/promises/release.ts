import { everyone, type Facts } from '../apps/everyone.ts'
import type { Cli, LogLine } from '../harness/cli.ts'
import { ask, type AskOptions } from '../harness/client.ts'
import { until } from '../harness/until.ts'

/** What an app of a release answers. */
export interface Origin extends Facts {
  readonly version: string
  readonly index: number
  /** The folder that it runs in. */
  readonly folder: string
  /** The variable MOOD. */
  readonly mood: string | null
}

/** A reload on a busy machine may take its time. */
const RELOAD_PATIENCE_MS = 30_000

const ANSWER = `
const answer = (request, response) => {
  if (request.url === '/upload') {
    let bytes = 0
    request.on('data', (chunk) => (bytes += chunk.length)).on('end', () => response.end(String(bytes)))
  } else if (request.url === '/stream') {
    let left = 5
    const timer = setInterval(() => {
      response.write('x'.repeat(1000))
      if (--left > 0) return
      clearInterval(timer)
      response.end()
    }, 20)
  } else if (request.url === '/never') {
    response.write('begun')
    console.log('[never]')
  } else if (request.url === '/ready') {
    response.writeHead(READY_STATUS).end()
  } else {
    const { pid, env } = process
    const folder = process.cwd()
    const facts = { pid, version: VERSION, index: Number(env.SUPERVISOR_WORKER_INDEX), folder, mood: env.MOOD ?? null }
    response.end(JSON.stringify(facts))
  }
}
`

/** An app that exports. `more` runs first; it may assign READY_STATUS. */
export function exporting(version: string, more = ''): string {
  return `let READY_STATUS = 200\nconst VERSION = '${version}'\n${more}\n${ANSWER}\nexport default answer\n`
}

/** An app that listens, on a port that the system chooses unless it is told one. */
export function listening(version: string, more = '', port = 0): string {
  const listen = `createServer(answer).listen(${port}, '127.0.0.1')`
  return `import { createServer } from 'node:http'\n${exporting(version, more).replace('export default answer', listen)}`
}

/** Source of an app that waits at import until there is a file. */
export function waitFor(path: string): string {
  const isThere = `(await import('node:fs')).existsSync(${JSON.stringify(path)})`
  return `while (!${isThere}) await new Promise((resolve) => setTimeout(resolve, 10))`
}

/** A config file with these values. */
export function config(values: object): string {
  return `export default ${JSON.stringify(values)}\n`
}

/** Reloads, and waits until the new generation alone accepts. */
export async function reload(cli: Cli): Promise<LogLine> {
  return end(cli, 'reloaded')
}

/** Reloads, and waits until that has failed. */
export async function failToReload(cli: Cli): Promise<LogLine> {
  return end(cli, 'reload-failed')
}

async function end(cli: Cli, wanted: 'reloaded' | 'reload-failed'): Promise<LogLine> {
  const ends = (): LogLine[] => cli.log.filter(({ event }) => event === 'reloaded' || event === 'reload-failed')
  const before = ends().length
  cli.signal('SIGHUP')
  const line = await until('the reload has ended', () => ends()[before], RELOAD_PATIENCE_MS).catch(() => null)
  if (line?.event !== wanted) throw new Error(`not ${wanted}: ${line?.msg}\n${cli.stdout}${cli.stderr}`)
  return line
}

/** One worker's answer, over a connection of its own. */
export async function origin(options: AskOptions): Promise<Origin> {
  const { result, body, error } = await ask({ patienceMs: 20_000, ...options })
  if (result !== 'ok') throw new Error(`the request ended as ${result}: ${error ?? body}`)
  return JSON.parse(body) as Origin
}

/** What so many different workers answer, in order of their process ids. */
export async function origins(count: number, options: AskOptions): Promise<Origin[]> {
  const all = await everyone(count, () => origin(options))
  return all.toSorted((a, b) => a.pid - b.pid)
}
