import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readEnvFiles } from '../../packages/supervisor/src/config/env-file.ts'
import { SupervisorError } from '../../packages/supervisor/src/errors.ts'
import { Folder } from '../harness/folder.ts'

function read(text: string): Readonly<Record<string, string>> {
  using folder = new Folder()
  folder.write('.env', text)
  return readEnvFiles(folder.path, ['.env'])
}

function refusalIn(folder: string, file: string): SupervisorError {
  try {
    readEnvFiles(folder, [file])
  } catch (error) {
    if (error instanceof SupervisorError) return error
    throw error
  }
  throw new Error(`not refused: ${file}`)
}

function refusalOf(text: string): SupervisorError {
  using folder = new Folder()
  folder.write('.env', text)
  return refusalIn(folder.path, '.env')
}

describe('an env file', () => {
  it.each<[string, string, Record<string, string>]>([
    ['one variable a line', 'A=1\nB=two\n', { A: '1', B: 'two' }],
    ['an empty value', 'A=\nB=1', { A: '', B: '1' }],
    ['no variables', '', {}],
    ['spaces around the name and the value', '  A = 1  \n', { A: '1' }],
    ['an equals sign in a value', 'URL=postgres://db/app?a=b=c\n', { URL: 'postgres://db/app?a=b=c' }],
    ['double, single and slanted quotes', `A="a b"\nB='c d'\nC=\`e f\`\n`, { A: 'a b', B: 'c d', C: 'e f' }],
    ['a hash within quotes', 'A="#fff"\n', { A: '#fff' }],
    [
      'a value over several lines',
      'KEY="-----BEGIN\nabc\nno equals sign\n-----END"\nB=1\n',
      {
        KEY: '-----BEGIN\nabc\nno equals sign\n-----END',
        B: '1',
      },
    ],
    ['comments and blank lines', '# first\n\nA=1 # behind\n   # indented\nB=2\n', { A: '1', B: '2' }],
    ['quotes and equals signs in a comment', `# as in A="x\n# it's\nB=1\nC="2"\n`, { B: '1', C: '2' }],
    ['an apostrophe in a value', `A=it's\nB=that's\n`, { A: `it's`, B: `that's` }],
    ['export before the name', 'export A=1\n\texport  B="two"\n', { A: '1', B: 'two' }],
    ['blanks at the end of a value, and of nothing', 'A= \nB=1\t \n', { A: '', B: '1' }],
    ['lines of blanks', 'A="x"  \n \t\nB=1\n  \nC=2', { A: 'x', B: '1', C: '2' }],
    ['line ends of Windows', 'A=1\r\n# no\r\nB=2\r\n', { A: '1', B: '2' }],
    ['dots, dashes and digits in a name', 'a.b-c_1=1\n', { 'a.b-c_1': '1' }],
  ])('can have %s', (_what, text, variables) => {
    expect({ ...read(text) }).toEqual(variables)
  })

  it('can have lines within quotes that look like any other line', () => {
    const value = '\n  # no comment \n  export A=1\n'
    expect({ ...read(`A='${value}'\nB=1\n`) }).toEqual({ A: value, B: '1' })
  })

  it('may begin with a byte order mark, which is no part of the first name', () => {
    expect({ ...read('\uFEFFA=1\n') }).toEqual({ A: '1' })
  })

  it('that comes later wins over one before it', () => {
    using folder = new Folder()
    folder.write('one.env', 'A=1\nB=1\n')
    folder.write('two.env', 'B=2\nC=2\n')
    expect(readEnvFiles(folder.path, ['one.env', 'two.env'])).toEqual({ A: '1', B: '2', C: '2' })
  })

  it('may be named by an absolute path', () => {
    using folder = new Folder()
    expect(readEnvFiles('/', [folder.write('.env', 'A=1')])).toEqual({ A: '1' })
  })
})

describe('a line that is no assignment', () => {
  it.each([
    ['A=1\nnonsense\nB=2\n', 2],
    ['nonsense', 1],
    ['A: 1\n', 1],
    ['A=1\n=2\n', 2],
    ['1A=2\n', 1],
    ['A B=1\n', 1],
    ['\n\n# comment\n\nexport A\n', 5],
    ['KEY="one\ntwo\nthree"\nB=1\nnonsense\n', 5],
    ['A="never closed\nB=1\nthe rest\n', 3],
    ['A="x" \r\nnonsense\r\n', 2],
  ])('is refused with its number: %j', (text, line) => {
    const { code, exitCode, message, hint } = refusalOf(text)
    expect({ code, exitCode }).toEqual({ code: 'SUPERVISOR_ENV_FILE', exitCode: 2 })
    expect(message).toBe(`.env:${line} is not of the form NAME=value.`)
    expect(hint).toContain('#')
  })
})

describe('an env file that cannot be used', () => {
  it('because it is missing is named, with the path that was looked for', () => {
    using folder = new Folder()
    const { code, message, hint } = refusalIn(folder.path, 'missing.env')
    expect({ code, message }).toEqual({ code: 'SUPERVISOR_ENV_FILE', message: 'there is no env file missing.env.' })
    expect(hint).toContain(join(folder.path, 'missing.env'))
  })

  it('because it is a directory is named', () => {
    using folder = new Folder()
    mkdirSync(join(folder.path, '.env'))
    const { code, message } = refusalIn(folder.path, '.env')
    expect({ code, message }).toEqual({
      code: 'SUPERVISOR_ENV_FILE',
      message: 'the env file .env could not be read (EISDIR).',
    })
  })

  it.each(['SUPERVISOR_WORKERS=4', 'export SUPERVISOR_BIND=":80"', 'A=1\n  SUPERVISOR_ANYTHING=x'])(
    'because it sets what is ours names the variable: %j',
    (text) => {
      const { code, message, hint } = refusalOf(text)
      expect(code).toBe('SUPERVISOR_ENV_FILE')
      expect(message).toContain(`.env sets ${/SUPERVISOR_[A-Z]+/.exec(text)?.[0]}`)
      expect(hint).toContain('environment')
    },
  )
})
