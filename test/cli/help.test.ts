import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { OPTIONS, type Option } from '../../packages/supervisor/src/config/options.ts'
import { ROOT } from '../harness/cli.ts'
import { failureOf } from './failure.ts'

it('shows every option with its default and its kind of value', async () => {
  const { exitCode, stdout, stderr } = await failureOf(['--help'])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  // Long descriptions go over several lines, and each option begins one.
  const entries = stdout.split(/\n(?= +(?:-\w, )?--)/).map((entry) => entry.replaceAll(/\s+/g, ' '))
  for (const option of Object.values(OPTIONS) as Option<unknown>[]) {
    const dashes = option.alias === undefined ? ` --${option.flag} ` : ` -${option.alias}, --${option.flag} `
    const entry = entries.find((text) => text.startsWith(dashes))
    expect(entry, option.flag).toBeDefined()
    expect(entry).toContain(option.describe)
    expect(entry).toContain(`[${option.value}]`)
    expect(entry).toContain(`[default: ${option.default}]`)
  }
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
