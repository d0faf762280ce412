import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../measure/free-port.ts'
import { residentMb } from '../measure/memory.ts'
import { childrenOf, isSpare, treeOf } from '../measure/processes.ts'
import { Running } from '../measure/running.ts'
import { until } from '../measure/until.ts'
import { AppFolder, type App } from './apps.ts'
import { untilIdle } from '../measure/idle.ts'
import { poll, type Poll } from './poll.ts'
import type { Tool } from './tools.ts'

/** One save, and what a client saw of it that asks without a pause worth mentioning, and never a second time. */
export interface Save {
  /** From just before the file is written to the first answer by the new code, or until it was given up. */
  readonly ms: number
  /** Whether there was no such answer: some tools miss an edit, or load half of it and wait for the next one. */
  readonly isLost: boolean
  readonly polls: number
  readonly refused: number
  /** Lost, or answered with another status than 200. */
  readonly failed: number
  /** What became of those. */
  readonly failures: readonly string[]
}

/** What a tool takes in MB when it is at rest; null where it has no such process. */
export interface Memory {
  readonly supervisor: number
  readonly worker: number
  readonly spare: number | null
}

const POLL_EVERY_MS = 1
/** Polling goes on for a while after the first new answer: a tool may start the app more than once. */
const AFTERMATH_MS = 150
const LONGEST_SAVE_MS = 10_000
/** Nobody saves more often than that for long. */
const PAUSE_MS = 1200

/** A tool that runs an app in a folder of its own. */
export class Session implements AsyncDisposable {
  readonly #running: Running
  readonly #folder: AppFolder
  readonly #port: number
  #edition = 0

  /** Null if the tool can't run the app. */
  static async start(tool: Tool, app: App): Promise<Session | null> {
    const port = await freePort()
    const command = tool.command(app, port)
    if (command === null) return null
    const { file, source } = tool.own ?? app
    const folder = new AppFolder(file, source)
    const running = new Running({ name: tool.name, command, folder: folder.path, env: { PORT: `${port}` } })
    const session = new Session(running, folder, port)
    try {
      await until(`${tool.name} answers`, async () => (await poll(port)).kind === 'answered')
      await untilIdle(running.pid)
      return session
    } catch (error) {
      const { log } = running
      await session[Symbol.asyncDispose]()
      throw new Error(`${tool.name} did not start the app "${app.name}". Its log:\n${log}`, { cause: error })
    }
  }

  private constructor(running: Running, folder: AppFolder, port: number) {
    this.#running = running
    this.#folder = folder
    this.#port = port
  }

  /** Saves, and comes back when the tool has come to rest. */
  async save(): Promise<Save> {
    const edition = ++this.#edition
    const seen: Poll[] = [await poll(this.#port)]
    const savedAt = performance.now()
    this.#folder.write(edition)
    let answeredAt: number | null = null
    let now = savedAt
    while (now < (answeredAt === null ? savedAt + LONGEST_SAVE_MS : answeredAt + AFTERMATH_MS)) {
      const answer = await poll(this.#port)
      seen.push(answer)
      now = performance.now()
      if (answer.kind === 'answered' && answer.edition === edition) answeredAt ??= now
      await wait(POLL_EVERY_MS)
    }
    await Promise.all([untilIdle(this.#running.pid), wait(PAUSE_MS)])
    const countOf = (kind: Poll['kind']): number => seen.filter((one) => one.kind === kind).length
    const failures = seen.flatMap((one) => (one.kind === 'failed' ? [one.what] : []))
    const counts = { polls: seen.length, refused: countOf('refused'), failed: failures.length }
    return { ms: (answeredAt ?? now) - savedAt, isLost: answeredAt === null, ...counts, failures }
  }

  /** What its processes take now; those that a worker has started are its own. */
  async memory(): Promise<Memory> {
    const answer = await poll(this.#port)
    if (answer.kind !== 'answered') throw new Error(`the app does not answer: ${answer.kind}`)
    const { pid } = this.#running
    const sum = (pids: readonly number[]): number => pids.reduce((total, one) => total + residentMb(one), 0)
    const spares = childrenOf(pid).filter(isSpare)
    const worker = treeOf(answer.pid)
    const spare = spares.flatMap(treeOf)
    const rest = treeOf(pid).filter((one) => !worker.includes(one) && !spare.includes(one))
    return { supervisor: sum(rest), worker: sum(worker), spare: spare.length === 0 ? null : sum(spare) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]()
    this.#folder[Symbol.dispose]()
  }
}
