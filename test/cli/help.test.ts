import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { OPTIONS, type Option } from '../../packages/supervisor/src/config/options.ts'
import { ROOT } from '../harness/cli.ts'
import { failureOf } from './failure.ts'

it('shows every option with its default and its kind of value', async () => {
  const { exitCode, stdout, stderr } = await failureOf(['--help'])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  // Long descriptions go over several lines, and each option begins one.
  const entries = stdout.split(/\n(?= {2}-\w, --| {6}--)/).map((entry) => entry.replaceAll(/\s+/g, ' '))
  const sections = stdout.split('\n\n')
  for (const option of Object.values(OPTIONS) as Option<unknown>[]) {
    const dashes = option.alias === undefined ? ` --${option.flag} ` : ` -${option.alias}, --${option.flag} `
    const entry = entries.find((text) => text.startsWith(dashes))
    expect(entry, option.flag).toBeDefined()
    expect(sections.find((text) => text.includes(dashes))).toMatch(new RegExp(`^${option.group}:`))
    expect(entry).toContain(option.describe)
    if (option.kind.placeholder !== null) expect(entry).toContain(`[${option.kind.placeholder}]`)
    if (option.default !== null) expect(entry).toContain(`[default: ${option.default}]`)
    else expect(entry).not.toContain('[default')
  }
})

it('shows what is no option of the configuration, the signals, and examples', async () => {
  const { stdout } = await failureOf(['--help'])
  for (const flag of ['config', 'check-config', 'print-config', 'help', 'version'])
    expect(stdout).toContain(`--${flag} `)
  for (const word of ['Examples:', 'TERM', 'SUPERVISOR_BOOT_TIMEOUT', 'supervisor.config.{ts,js,mjs,json}']) {
    expect(stdout).toContain(word)
  }
  expect(await failureOf(['-h'])).toMatchObject({ exitCode: 0, stdout })
})

it('shows the help although other arguments are wrong, and starts nothing', async () => {
  const { exitCode, stdout } = await failureOf(['--help', '--workers', '0', 'nowhere.js'])
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^supervisor \[options\] <app>/)
})

it('shows the version of the package', async () => {
  const manifest = JSON.parse(readFileSync(`${ROOT}packages/supervisor/package.json`, 'utf8')) as { version: string }
  expect(await failureOf(['--version'])).toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: '' })
})
