import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Project } from '../frameworks/project.ts'
import type { Cli, StartOptions } from '../harness/cli.ts'
import { ask, type Answer, type AskOptions } from '../harness/client.ts'
import { until } from '../harness/until.ts'

export const APP = 'app.mjs'
/** The module that the app takes its version from. */
export const VERSION = 'version.mjs'
/** A machine that is busy with other things may need this long for a reload. */
export const RELOAD_PATIENCE_MS = 30_000

const ANY_PORT: readonly string[] = ['--bind', '127.0.0.1:0']

const SOURCE = `
import { version } from './version.mjs'
export default (request, response) => {
  if (request.url === '/never') {
    response.write('begun')
    console.log('[never]')
  } else if (request.url === '/slow') {
    console.log('[slow]')
    setTimeout(() => response.end(version), 1000)
  } else {
    response.end(version)
  }
}
`

export function versionModule(version: string): string {
  return `export const version = '${version}'\n`
}

/** An app in development whose answer is a text in a module of its own. */
export class Developed extends Project {
  constructor(files: Readonly<Record<string, string>> = {}) {
    super({ [APP]: SOURCE, [VERSION]: versionModule('v0'), ...files })
  }

  develop(args: readonly string[] = [], options: StartOptions = {}): Promise<Cli> {
    return this.serving(
      ['--reload', '--log-level', 'debug', ...(args.includes('--bind') ? [] : ANY_PORT), ...args, APP],
      options,
    )
  }

  save(version: string): void {
    this.write(VERSION, versionModule(version))
  }

  /** As vim and JetBrains do: a new file is put in the place of the old one. */
  saveByRename(version: string): void {
    const next = this.write(`.${VERSION}.next`, versionModule(version))
    renameSync(next, join(this.path, VERSION))
  }

  writeDeep(name: string, text: string): void {
    mkdirSync(dirname(join(this.path, name)), { recursive: true })
    writeFileSync(join(this.path, name), text)
  }
}

/** A client that never retries has to be answered 200, and in the end by this version. */
export async function untilServed(version: string, options: AskOptions): Promise<void> {
  let last = ''
  await until(
    `${version} is served`,
    async () => {
      const answer = await answered(options)
      last = answer.body
      return last === version
    },
    RELOAD_PATIENCE_MS,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; what is served is ${last}`)
  })
}

async function answered(options: AskOptions): Promise<Answer> {
  const answer = await ask({ patienceMs: RELOAD_PATIENCE_MS, ...options })
  if (answer.result !== 'ok') throw new Error(`the request ended as ${answer.result}: ${answer.error ?? answer.body}`)
  return answer
}

/**
 * A client that asks one request after the other, and remembers when each was sent and what it got. Its connections are
 * fresh: whoever answers has taken the connection after the request was sent.
 */
export class Witness {
  readonly answers: { readonly at: number; readonly answer: Answer }[] = []
  readonly #done: Promise<void>
  #isEnded = false

  constructor(options: AskOptions) {
    this.#done = this.#run(options)
  }

  /** What went wrong, if anything did. */
  async end(): Promise<string[]> {
    this.#isEnded = true
    await this.#done
    return this.answers.flatMap(({ answer: { result, status, error } }) =>
      result === 'ok' ? [] : [`${result} ${error ?? status}`],
    )
  }

  async #run(options: AskOptions): Promise<void> {
    while (!this.#isEnded) {
      const at = Date.now()
      const answer = await ask({ patienceMs: RELOAD_PATIENCE_MS, ...options })
      this.answers.push({ at, answer })
      // A refusal, too, comes at once: without a pause nothing else would get to run.
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
}
