import { readFileSync } from 'node:fs'
import { Cli, ROOT, SUPERVISOR } from '../harness/cli.ts'
import { ask, type AskOptions, type Answer } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'

/** What stands for a program that a README names: this very Node, and the command as it was built. */
const PROGRAMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['node', [process.execPath]],
  ['node_modules/.bin/supervisor', [process.execPath, SUPERVISOR]],
])

/** What the README of an example says: how it is run, and how it is asked. Only its ports are replaced, by free ones. */
export class Readme {
  readonly #lines: readonly string[]

  private constructor(lines: readonly string[]) {
    this.#lines = lines
  }

  static async of(example: string): Promise<Readme> {
    let text = readFileSync(`${ROOT}examples/${example}/README.md`, 'utf8')
    for (const port of new Set(text.match(/(?<=127\.0\.0\.1:|PORT=)\d+/g))) {
      text = text.replaceAll(port, String(await freePort()))
    }
    return new Readme([...text.matchAll(/```sh\n([^`]+)```/g)].flatMap(([, block = '']) => block.trim().split('\n')))
  }

  /** Runs the first command of the README from the root of the repository. */
  run(env: Readonly<Record<string, string>> = {}): Cli {
    const words = this.#lines[0]?.split(' ') ?? []
    const start = words.findIndex((word) => !word.includes('='))
    const settings = Object.fromEntries(words.slice(0, start).map((word) => word.split('=')))
    const program = PROGRAMS.get(words[start] ?? '')
    if (program === undefined) throw new Error(`the README runs neither the supervisor nor node: ${this.#lines[0]}`)
    return new Cli(words.slice(start + 1), { command: program, env: { ...settings, ...env } })
  }

  /** Asks what the README asks by its `count`th curl. */
  ask(count = 1): Promise<Answer> {
    const line = this.#lines.filter((each) => each.startsWith('curl '))[count - 1] ?? ''
    return ask(requestOf(line))
  }
}

function requestOf(curl: string): AskOptions {
  const { port = '', path = '' } = /'127\.0\.0\.1:(?<port>\d+)(?<path>\/[^']*)'/.exec(curl)?.groups ?? {}
  if (path === '') throw new Error(`the README has no such curl, but ${curl}`)
  const send = /--data '([^']*)'/.exec(curl)?.[1]
  const method = /-X ([A-Z]+)/.exec(curl)?.[1] ?? (send === undefined ? 'GET' : 'POST')
  return { port: Number(port), path, method, ...(send !== undefined && { send }) }
}
