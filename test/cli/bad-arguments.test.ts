import { describe, expect, it } from 'vitest'
import { fixture } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { expectOneCause, failureOf } from './failure.ts'

const HELLO = fixture('hello.mjs')

describe('a command without one app that is there', () => {
  it('asks for an app when none was named', async () => {
    const failure = await failureOf([])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_APP_MISSING' })
    expect(failure.stderr).toContain('supervisor app.js')
  })

  it('refuses two apps and names both', async () => {
    const failure = await failureOf(['one.js', 'two.js'])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_APP_MISSING' })
    expect(failure.stderr).toMatch(/one\.js and two\.js/)
  })

  it('does not take a check for done that only prints', async () => {
    const failure = await failureOf(['--check-config', '--print-config', HELLO])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
    expect(failure.stderr).toContain('--check-config and --print-config contradict')
  })

  it('says where it has looked for a file that is not there', async () => {
    using folder = new Folder()
    const failure = await failureOf(['nowhere.js'], { cwd: folder.path })
    expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_APP_NOT_FOUND' })
    expect(failure.stderr).toContain('nowhere.js')
    expect(failure.stderr).toContain(folder.path)
  })

  it('tells a directory from a missing file', async () => {
    using folder = new Folder()
    const failure = await failureOf([folder.path])
    expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_APP_NOT_FOUND' })
    expect(failure.stderr).toContain(`${folder.path} is a directory`)
  })
})

describe('a value that makes no sense', () => {
  it.each([
    ['--workers', '0'],
    ['--workers', '-1'],
    ['--workers', 'abc'],
    ['--workers', '10000'],
    ['--workers', '1.5'],
    ['--workers', '1e1'],
    ['--bind', 'nonsense'],
    ['--bind', ':99999'],
    ['--bind', 'unix:'],
    ['--boot-timeout', '0'],
    ['--kill-timeout', 'soon'],
    ['--graceful-timeout', '30000000'],
    ['--accept', 'nobody'],
    ['--log-level', 'loud'],
    ['--log-format', 'xml'],
    ['--mode', 'both'],
    ['--ts', 'babel'],
    ['--ready', 'soon'],
    ['--ready-path', 'health'],
  ])('is refused by name: %s %s', async (flag, value) => {
    const failure = await failureOf([flag, value, HELLO])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
    expect(failure.stderr).toContain(`${flag} ${value}: `)
    expect(failure.stdout).toBe('')
  })

  it('says that a value is missing when there is none', async () => {
    for (const args of [['--workers', ''], ['--workers=']]) {
      const failure = await failureOf([...args, HELLO])
      expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
      expect(failure.stderr).toContain('--workers needs a value')
    }
    const last = await failureOf([HELLO, '--workers'])
    expectOneCause(last, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
    expect(last.stderr).toContain('--workers needs a value')
  })

  it('says that a switch takes true or false', async () => {
    const failure = await failureOf(['--factory=maybe', HELLO])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
    expect(failure.stderr).toContain('--factory maybe: must be true or false')
  })

  it('is not looked for behind --, where the arguments of the app are', async () => {
    const failure = await failureOf(['--print-config', HELLO, '--', '--workers', '0', '--frobnicate'])
    expect(failure).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('is refused when it contradicts another', async () => {
    const failure = await failureOf(['--mode', 'listen', '--bind', ':0', HELLO])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
    expect(failure.stderr).toContain('--mode listen and --bind contradict each other')
  })

  it.each([
    ['PORT', 'abc'],
    ['PORT', '65536'],
    ['WEB_CONCURRENCY', 'abc'],
    ['WEB_CONCURRENCY', '0'],
    ['SUPERVISOR_WORKERS', 'abc'],
    ['SUPERVISOR_BIND', 'nonsense'],
  ])('is put down to the environment when it comes from there: %s=%s', async (name, value) => {
    const failure = await failureOf([HELLO], { env: { [name]: value } })
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
    expect(failure.stderr).toContain(`supervisor: ${name} `)
    expect(failure.stderr).toContain(value)
  })
})

describe('a flag that does not exist', () => {
  it('names the flag that was probably meant', async () => {
    const failure = await failureOf(['--worker', '4', HELLO])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_UNKNOWN' })
    expect(failure.stderr).toContain('--worker.')
    expect(failure.stderr).toContain('Did you mean --workers?')
  })

  it('is told to be one of Node, and how that is given', async () => {
    const failure = await failureOf(['--inspect', HELLO])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_UNKNOWN' })
    expect(failure.stderr).toContain("It is one of Node's: give it to the workers, by --node-args=--inspect")
  })

  it('names none when nothing is near', async () => {
    const failure = await failureOf(['--frobnicate', HELLO])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_UNKNOWN' })
    expect(failure.stderr).toContain('--frobnicate.')
    expect(failure.stderr).not.toContain('Did you mean')
  })

  it.each([['-x'], ['--no-workers'], ['--constructor'], ['--__proto__']])(
    'is refused whatever it is called: %s',
    async (flag) => {
      expectOneCause(await failureOf([flag, '4', HELLO]), { exitCode: 2, code: 'SUPERVISOR_OPTION_UNKNOWN' })
    },
  )
})

describe('--config without a file', () => {
  it.each([[['--config']], [['--config=']], [['--config', '']]])('is refused: %j', async (args) => {
    const failure = await failureOf([HELLO, ...args])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
    expect(failure.stderr).toContain('--config needs a value')
  })
})

describe('a variable that is a slip of the finger', () => {
  it('is refused, and the one that was probably meant is named', async () => {
    const { exitCode, stderr } = await failureOf([HELLO], { env: { SUPERVISOR_WORKER: '4' } })
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr:
        'supervisor: there is no variable SUPERVISOR_WORKER.\n' +
        'Did you mean SUPERVISOR_WORKERS? (SUPERVISOR_OPTION_UNKNOWN)\n',
    })
  })
})
