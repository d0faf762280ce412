import { describe, expect, it } from 'vitest'
import type { Config } from '../../packages/supervisor/src/config/config.ts'
import { resolveConfig, type Flags } from '../../packages/supervisor/src/config/resolve.ts'
import { SupervisorError } from '../../packages/supervisor/src/errors.ts'

function resolve(flags: Flags = {}, env: NodeJS.ProcessEnv = {}, fds: readonly number[] = []): Config {
  return resolveConfig('app.js', flags, env, fds)
}

function refusalOf(flags: Flags, env: NodeJS.ProcessEnv = {}): SupervisorError {
  try {
    resolve(flags, env)
  } catch (error) {
    if (error instanceof SupervisorError) return error
    throw error
  }
  throw new Error(`not refused: ${JSON.stringify({ flags, env })}`)
}

const DEFAULT: Config = {
  app: 'app.js',
  workers: 1,
  bind: [{ kind: 'tcp', host: '127.0.0.1', port: 8000 }],
  accept: 'shared',
  bootTimeoutMs: 60_000,
  gracefulTimeoutMs: 30_000,
  killTimeoutMs: 5000,
  logLevel: 'info',
  logFormat: 'auto',
}

describe('what is not said', () => {
  it('is the default', () => {
    expect(resolve()).toEqual(DEFAULT)
  })

  it('is the default too when a variable is set to nothing', () => {
    expect(resolve({}, { WEB_CONCURRENCY: '', PORT: '' })).toEqual(DEFAULT)
  })
})

describe('a flag', () => {
  it.each<[string, string, Partial<Config>]>([
    ['workers', '4', { workers: 4 }],
    ['workers', '512', { workers: 512 }],
    ['bind', ':80', { bind: [{ kind: 'tcp', host: null, port: 80 }] }],
    ['accept', 'cluster', { accept: 'cluster' }],
    ['boot-timeout', '0.1', { bootTimeoutMs: 100 }],
    ['boot-timeout', '86400', { bootTimeoutMs: 86_400_000 }],
    ['graceful-timeout', '1.2345', { gracefulTimeoutMs: 1235 }],
    ['graceful-timeout', '0', { gracefulTimeoutMs: 0 }],
    ['kill-timeout', '0', { killTimeoutMs: 0 }],
    ['log-level', 'silent', { logLevel: 'silent' }],
    ['log-format', 'pretty', { logFormat: 'pretty' }],
  ])('changes its setting and nothing else: --%s %s', (flag, value, changed) => {
    expect(resolve({ [flag]: [value] })).toEqual({ ...DEFAULT, ...changed })
  })

  it('that is given twice means its last value', () => {
    expect(resolve({ workers: ['2', '3'], 'log-level': ['debug', 'warn'] })).toMatchObject({
      workers: 3,
      logLevel: 'warn',
    })
  })

  it('--bind can be given several times, and all of them count', () => {
    expect(resolve({ bind: ['127.0.0.1:1', '[::1]:2', 'unix:/run/app.sock', 'fd://3'] }).bind).toEqual([
      { kind: 'tcp', host: '127.0.0.1', port: 1 },
      { kind: 'tcp', host: '::1', port: 2 },
      { kind: 'unix', path: '/run/app.sock' },
      { kind: 'fd', fd: 3 },
    ])
  })

  it.each([
    ['workers', '0'],
    ['workers', '513'],
    ['workers', '-1'],
    ['workers', '1.0'],
    ['workers', ' 1'],
    ['workers', '99999999999999999999'],
    ['bind', 'nonsense'],
    ['accept', 'Shared'],
    ['boot-timeout', '0'],
    ['boot-timeout', '0.09'],
    ['graceful-timeout', '86401'],
    ['graceful-timeout', '-1'],
    ['kill-timeout', '5s'],
    ['kill-timeout', '.5'],
    ['kill-timeout', 'NaN'],
    ['kill-timeout', 'Infinity'],
    ['log-level', 'INFO'],
    ['log-format', ''],
  ])('with a value that makes no sense is refused by name: --%s "%s"', (flag, value) => {
    const { code, exitCode, message, hint } = refusalOf({ [flag]: [value] })
    expect({ code, exitCode }).toEqual({ code: 'SUPERVISOR_OPTION_INVALID', exitCode: 2 })
    expect(message).toMatch(value === '' ? `--${flag} needs a value: ` : `--${flag} ${value}: `)
    expect(message).toMatch(/\.$/)
    expect(hint).toContain('The default is ')
  })

  it('with one wrong value of several is refused by that value', () => {
    expect(refusalOf({ bind: [':80', 'nonsense', ':81'] }).message).toContain('--bind nonsense: ')
    expect(refusalOf({ workers: ['many', '2'] }).message).toContain('--workers many: ')
  })
})

describe('a flag that does not exist', () => {
  it.each([
    ['worker', '--workers'],
    ['binds', '--bind'],
    ['boot-timeuot', '--boot-timeout'],
    ['log-fromat', '--log-format'],
  ])('is refused, and the nearest one is named: --%s', (flag, near) => {
    const { code, exitCode, message, hint } = refusalOf({ [flag]: ['1'] })
    expect({ code, exitCode }).toEqual({ code: 'SUPERVISOR_OPTION_UNKNOWN', exitCode: 2 })
    expect(message).toContain(`--${flag}.`)
    expect(hint).toBe(`Did you mean ${near}?`)
  })

  it('is not compared with one that looks nothing like it', () => {
    expect(refusalOf({ 'max-requests': ['1'] }).hint).toBe('See supervisor --help for all of them.')
  })

  it('is refused before a wrong value of another', () => {
    expect(refusalOf({ workers: ['0'], frobnicate: ['1'] }).code).toBe('SUPERVISOR_OPTION_UNKNOWN')
  })

  it('of one letter is written with one dash', () => {
    expect(refusalOf({ x: ['1'] }).message).toContain(' -x.')
  })
})

describe('the environment', () => {
  it('stands in for a flag, and the flag wins', () => {
    expect(resolve({}, { WEB_CONCURRENCY: '3' }).workers).toBe(3)
    expect(resolve({ workers: ['2'] }, { WEB_CONCURRENCY: '3' }).workers).toBe(2)
    // What does not count is not read either.
    expect(resolve({ workers: ['2'] }, { WEB_CONCURRENCY: 'many' }).workers).toBe(2)
  })

  it('is named when a value comes from there', () => {
    const { code, message } = refusalOf({}, { WEB_CONCURRENCY: 'many' })
    expect(code).toBe('SUPERVISOR_OPTION_INVALID')
    expect(message).toMatch(/^WEB_CONCURRENCY many: /)
  })

  it('with PORT means that port of all interfaces, as a container needs it', () => {
    expect(resolve({}, { PORT: '3000' }).bind).toEqual([{ kind: 'tcp', host: '0.0.0.0', port: 3000 }])
    expect(resolve({}, { PORT: '0' }).bind).toEqual([{ kind: 'tcp', host: '0.0.0.0', port: 0 }])
  })

  it('with PORT is outdone by --bind, even where PORT makes no sense', () => {
    const bind = [{ kind: 'tcp', host: null, port: 80 }]
    expect(resolve({ bind: [':80'] }, { PORT: '3000' }).bind).toEqual(bind)
    expect(resolve({ bind: [':80'] }, { PORT: 'abc' }).bind).toEqual(bind)
  })

  it.each(['abc', '65536', '-1', '80.5', '3000 ', '0x50', '127.0.0.1:80'])('with PORT=%s is refused', (port) => {
    const { code, message } = refusalOf({}, { PORT: port })
    expect(code).toBe('SUPERVISOR_OPTION_INVALID')
    expect(message).toContain('PORT must be')
    expect(message).toContain(`"${port}"`)
  })
})

describe('sockets that systemd has opened', () => {
  it('are where an app that exports is served', () => {
    expect(resolve({}, {}, [3, 4]).bind).toEqual([
      { kind: 'fd', fd: 3 },
      { kind: 'fd', fd: 4 },
    ])
  })

  it('win over PORT, and --bind wins over them', () => {
    expect(resolve({}, { PORT: '3000' }, [3]).bind).toEqual([{ kind: 'fd', fd: 3 }])
    expect(resolve({ bind: [':80'] }, {}, [3]).bind).toEqual([{ kind: 'tcp', host: null, port: 80 }])
  })
})
