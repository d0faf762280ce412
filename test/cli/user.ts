import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { Accounts, APP_USER } from '../harness/accounts.ts'
import { Cli, type StartOptions } from '../harness/cli.ts'
import { ask, type AskOptions } from '../harness/client.ts'
import { failureOf, type Failure } from './failure.ts'

/** Who a process is, as it sees itself. */
export interface Self {
  readonly at: string
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  readonly home: string | undefined
  readonly user: string | undefined
  readonly logname: string | undefined
}

/** Remembers who the process is at the moment at which this runs. */
export const NOTE = `
const { HOME: home, USER: user, LOGNAME: logname } = process.env
const groups = process.getgroups().sort((one, other) => one - other)
globalThis.selves = [...(globalThis.selves ?? []), { at: AT, uid: process.geteuid(), gid: process.getegid(), groups, home, user, logname }]
`
export const FILES = {
  'import.mjs': NOTE.replace('AT', '"import"'),
  'require.cjs': NOTE.replace('AT', '"require"'),
  'supervisor.config.mjs': `export default { hooks: { postFork: () => { ${NOTE.replace('AT', '"hook"')} } } }`,
  'app.mjs': `
${NOTE.replace('AT', '"app"')}
export default (request, response) => {
  if (request.url === '/exit') process.exit(1)
  response.end(JSON.stringify(globalThis.selves))
}`,
}
export const PRELOADS = ['--require', './require.cjs', '--import', './import.mjs'] as const
export const STAGES = ['require', 'import', 'hook', 'app']

export const AS_APP = {
  uid: APP_USER.id,
  gid: APP_USER.group,
  groups: [APP_USER.group, APP_USER.extra],
  home: APP_USER.home,
  user: APP_USER.name,
  logname: APP_USER.name,
}

/** A folder with the app, in a system that has the users. */
export class Place extends Accounts {
  constructor(files: Readonly<Record<string, string>> = FILES) {
    super()
    for (const [name, text] of Object.entries(files)) this.write(name, text)
  }

  options(options: StartOptions = {}): StartOptions {
    return { cwd: this.path, command: this.command(), ...options }
  }

  serving(args: readonly string[], options: StartOptions = {}): Promise<Cli> {
    return Cli.serving(['--bind', '127.0.0.1:0', ...args, 'app.mjs'], this.options(options))
  }

  failure(args: readonly string[], options: StartOptions = {}): Promise<Failure> {
    return failureOf(['--bind', '127.0.0.1:0', ...args, 'app.mjs'], this.options(options))
  }
}

export async function selvesAt(options: AskOptions): Promise<Self[]> {
  return JSON.parse((await ask(options)).body) as Self[]
}

/** Expects the process to have been the same all the time. */
export async function expectAll(
  options: AskOptions,
  expected: object,
  stages: readonly string[] = STAGES,
): Promise<void> {
  expect(await selvesAt(options)).toEqual(stages.map((at) => ({ at, ...expected })))
}

export function uidsOf(pid: number): number[] {
  const line = /^Uid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
  return line.split(/\s+/).map(Number)
}
