import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { HOOK_NAMES } from '../../packages/supervisor/src/config/sources.ts'
import { OPTION_NAMES, OPTIONS, variableOf, type Option } from '../../packages/supervisor/src/config/options.ts'
import { failureOf } from '../cli/failure.ts'
import { ROOT } from '../harness/cli.ts'

const PAGE = readFileSync(`${ROOT}docs/configuration.md`, 'utf8')
/** The cells of every row of every table. */
const ROWS = PAGE.split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

/** What stands in a cell between backticks. */
function codes(cell = ''): string[] {
  return [...cell.matchAll(/`(?<code>[^`]+)`/g)].map((match) => match.groups?.['code'] ?? '')
}

/** How the type of an option is called. */
function typeOf({ kind, isList }: Option<unknown>): string {
  const { placeholder } = kind
  const type = placeholder === null ? 'true or false' : (TYPES[placeholder] ?? placeholder.split('|').join(', '))
  return isList === true ? `${type}, several` : type
}

const TYPES: Readonly<Record<string, string>> = {
  'number|auto': 'number or auto',
  seconds: 'seconds (key: milliseconds)',
}

describe('docs/configuration.md', () => {
  it.each(OPTION_NAMES)('has the option %s with its flag, key, variables, type, default and meaning', (name) => {
    const option = OPTIONS[name] as Option<unknown>
    const [row = [], ...others] = ROWS.filter(([, key = '']) => key === `\`${name}\``)
    expect(others).toEqual([])
    const [flag, , variable, type = '', standard, meaning] = row
    const conventions = name === 'bind' ? ['PORT'] : [option.convention ?? []].flat()
    expect({
      flag: codes(flag),
      variables: codes(variable),
      type: type.replaceAll('`', ''),
      default: codes(standard),
      meaning: meaning?.replaceAll(/\\(?=[*_])/g, ''),
    }).toEqual({
      flag: [...(option.alias === undefined ? [] : [`-${option.alias}`]), `--${option.flag}`],
      variables: [variableOf(option), ...conventions],
      type: typeOf(option),
      default: option.default === null ? [] : [option.default],
      meaning: option.describe.replaceAll('|', '\\|'),
    })
  })

  it('has no option, variable or hook that does not exist', () => {
    const flags = ROWS.flatMap(([first]) => codes(first)).filter((code) => code.startsWith('--'))
    const own = ['--config', '--check-config', '--print-config', '--help', '--version']
    expect(flags).toEqual([...OPTION_NAMES.map((name) => `--${OPTIONS[name].flag}`), ...own])
    const variables = new Set(PAGE.match(/SUPERVISOR_[A-Z0-9_]*[A-Z0-9]/g))
    expect([...variables].toSorted()).toEqual(OPTION_NAMES.map((name) => variableOf(OPTIONS[name])).toSorted())
    const mentioned = PAGE.match(/(?<=[ `])--[a-z][a-z0-9-]+/g) ?? []
    const foreign = [
      '--no-warm',
      '--no-date-header',
      '--max-old-space-size',
      '--enable-source-maps',
      '--verbose',
      '--cpus',
    ]
    expect(mentioned.filter((flag) => !flags.includes(flag) && !foreign.includes(flag))).toEqual([])
  })

  it('has every hook', () => {
    const described = ROWS.flatMap(([first]) => codes(first)).filter((code) =>
      (HOOK_NAMES as readonly string[]).includes(code),
    )
    expect(described).toEqual([...HOOK_NAMES])
  })
})

describe('supervisor --help', () => {
  it('has every flag of docs/configuration.md', async () => {
    const { stdout } = await failureOf(['--help'])
    const flags = ROWS.flatMap(([first]) => codes(first)).filter((code) => code.startsWith('-'))
    expect(flags.filter((flag) => !new RegExp(`(^|[ ,])${flag}[ ,]`, 'm').test(stdout))).toEqual([])
  })
})

describe('config.schema.json', () => {
  it('is what the table of options gives', async () => {
    const script = `${ROOT}packages/supervisor/scripts/config-schema.mjs`
    await expect(promisify(execFile)(process.execPath, [script, '--check'])).resolves.toBeDefined()
  })

  it('has every key that a file of JSON can have, and no other', () => {
    const text = readFileSync(`${ROOT}packages/supervisor/config.schema.json`, 'utf8')
    const { properties } = JSON.parse(text) as { readonly properties: object }
    expect(Object.keys(properties)).toEqual(['$schema', 'app', 'args', ...OPTION_NAMES])
  })
})
