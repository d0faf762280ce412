import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OPTION_NAMES, OPTIONS, variableOf } from '../../packages/supervisor/src/config/options.ts'
import { EXIT_CODES } from '../../packages/supervisor/src/errors.ts'
import { WORKER_GENERATION, WORKER_INDEX } from '../../packages/supervisor/src/protocol/names.ts'
import { ROOT } from '../harness/cli.ts'

const SRC = join(ROOT, 'packages/supervisor/src')
const PAGE = readFileSync(`${ROOT}docs/errors.md`, 'utf8')
/** The text below the heading of each code. */
const SECTIONS = new Map(
  PAGE.split(/^### /m)
    .slice(1)
    .map((section) => [/^`(?<code>\w+)`/.exec(section)?.groups?.['code'] ?? '', section.split(/^## /m)[0] ?? '']),
)

/** Every code that the source can tell: texts that begin with SUPERVISOR_ and are no variables. */
function codesOfSource(): string[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const source = files.map((file) => readFileSync(join(SRC, file), 'utf8')).join('\n')
  const variables = [WORKER_INDEX, WORKER_GENERATION, ...OPTION_NAMES.map((name) => variableOf(OPTIONS[name]))]
  const quoted = [...source.matchAll(/'(?<code>SUPERVISOR_[A-Z0-9_]*[A-Z0-9])'/g)].map(
    (match) => match.groups?.['code'] ?? '',
  )
  // The code of an error and the variable of `--env-file` have the same name.
  return [...new Set(quoted)].filter((code) => code in EXIT_CODES || !variables.includes(code)).toSorted()
}

describe('docs/errors.md', () => {
  it('has every code of the source once, and no other', () => {
    expect([...SECTIONS.keys()].toSorted()).toEqual(codesOfSource())
    expect(PAGE.match(/^### /gm)).toHaveLength(SECTIONS.size)
  })

  it.each(Object.entries(EXIT_CODES))('says of %s that the exit code is %i', (code, exitCode) => {
    expect(SECTIONS.get(code)).toContain(`\n\nExit code ${exitCode}. `)
  })

  it.each([...SECTIONS])('says of %s what it means, the usual cause and what to do', (code, section) => {
    const isError = code in EXIT_CODES
    const form = /^`\w+`\n\n(?<exit>Exit code \d|No exit code)\. [^]+\nUsual cause: [^]+\.\nWhat to do: [^]+\.\n+$/
    expect(form.exec(section)?.groups?.['exit']?.startsWith('Exit'), section).toBe(isError)
  })

  it('has links that lead somewhere', () => {
    const anchors = readFileSync(`${ROOT}docs/configuration.md`, 'utf8').match(/^#+ .*/gm) ?? []
    for (const [, anchor = ''] of PAGE.matchAll(/\(configuration\.md#([^)]+)\)/g)) {
      expect(anchors.map((heading) => heading.replace(/^#+ /, '').toLowerCase().replaceAll(' ', '-'))).toContain(anchor)
    }
  })
})
