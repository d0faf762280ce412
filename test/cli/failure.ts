import { expect } from 'vitest'
import { Cli, type StartOptions } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'

/** How a supervisor ended by itself, and what it said about that. */
export interface Failure {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command to its end. */
export async function failureOf(args: readonly string[], options?: StartOptions): Promise<Failure> {
  await using cli = new Cli(args, options)
  const { code } = await cli.exit()
  return { exitCode: code, stdout: cli.stdout, stderr: cli.stderr }
}

/** Runs an app that is made of these files, the first being its main one, in three workers. */
export async function failureOfApp(
  files: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Failure> {
  using folder = new Folder()
  for (const [name, text] of Object.entries(files)) folder.write(name, text)
  const [main = ''] = Object.keys(files)
  return await failureOf(['--workers', '3', '--bind', '127.0.0.1:0', ...args, main], { cwd: folder.path })
}

/** Holds a failure to the form that all have: one cause, what to do next, a code; and nothing of our own insides. */
export function expectOneCause({ exitCode, stderr }: Failure, expected: { exitCode: number; code: string }): void {
  const causes = stderr.split('\n').filter((line) => line.startsWith('supervisor: '))
  expect(causes, stderr).toHaveLength(1)
  expect(causes[0]).toMatch(/[.!?]$/)
  // The cause comes first and the code last: anything beside them was printed by somebody else.
  expect(stderr).toMatch(/^supervisor: /)
  expect(stderr.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`^[A-Z].*[^ ] \\(${expected.code}\\)$`))
  expect(stderr.match(/\(SUPERVISOR_[A-Z_]+\)/g)).toEqual([`(${expected.code})`])
  expect(stderr).not.toMatch(/packages\/supervisor|node_modules|node:internal|Node\.js v\d/)
  expect(exitCode).toBe(expected.exitCode)
}
