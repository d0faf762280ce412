import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { SupervisorError } from '../errors.ts'

const BYTE_ORDER_MARK = /^\uFEFF/
/** A name and a value in quotes, which may go over several lines. */
const QUOTED = /[A-Za-z_][\w.-]*[ \t]*=[ \t]*(["'`])[^]*?\1/
/** What Node's reader takes for a part of a name or value, in one version or another: blanks around a line, `export`. */
const DRESSING = new RegExp(
  `^[ \\t]*(?:export[ \\t]+)?(?<quoted>${QUOTED.source.replace('\\1', '\\2')})|` +
    `^[ \\t]*(?:export[ \\t]+(?=[A-Za-z_][\\w.-]*[ \\t]*=))?|[ \\t\\r]+$`,
  'gm',
)
/** What a line may be once quoted values are left out: blank, a comment, or an assignment. */
const LINE = /^(#.*|[A-Za-z_][\w.-]*\s*=.*)?$/

/**
 * Reads env files, the later one winning. They are for the app, and for the variables that other tools know too (PORT,
 * WEB_CONCURRENCY); the supervisor's own options are not set in them.
 */
export function readEnvFiles(folder: string, files: readonly string[]): Readonly<Record<string, string>> {
  return Object.assign({}, ...files.map((file) => readEnvFile(folder, file))) as Record<string, string>
}

function readEnvFile(folder: string, file: string): Readonly<NodeJS.Dict<string>> {
  const content = read(resolve(folder, file), file).replaceAll(DRESSING, '$<quoted>')
  const bad = content
    .replaceAll(new RegExp(`^${QUOTED.source}`, 'gm'), (quoted) => `A=${'\n'.repeat(quoted.split('\n').length - 1)}`)
    .split('\n')
    .findIndex((line) => !LINE.test(line))
  if (bad !== -1) throw wrong(`${file}:${bad + 1} is not of the form NAME=value.`, 'Mend the line, or begin it with #.')
  const variables = parseEnv(content)
  const own = Object.keys(variables).find((name) => name.startsWith('SUPERVISOR_'))
  if (own === undefined) return variables
  throw wrong(`${file} sets ${own}: an env file is for the app.`, 'Set it in the environment, or as a flag.')
}

function read(path: string, file: string): string {
  try {
    return readFileSync(path, 'utf8').replace(BYTE_ORDER_MARK, '')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw wrong(`there is no env file ${file}.`, `Looked for ${path}.`)
    throw wrong(`the env file ${file} could not be read (${code}).`, 'Check what it is, and its rights.')
  }
}

function wrong(message: string, hint: string): SupervisorError {
  return new SupervisorError('SUPERVISOR_ENV_FILE', message, hint)
}
