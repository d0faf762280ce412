import { describe, expect, it } from 'vitest'
import type { Config } from '../../packages/supervisor/src/config/config.ts'
import { DEFAULT } from './defaults.ts'
import { refusalOf, resolve } from './resolving.ts'

describe('what is not said', () => {
  it('is the default', () => {
    expect(resolve()).toEqual(DEFAULT)
  })

  it('is the default too when a variable is set to nothing', () => {
    expect(resolve({ env: { WEB_CONCURRENCY: '', PORT: '', SUPERVISOR_WORKERS: '', SUPERVISOR_BIND: '' } })).toEqual(
      DEFAULT,
    )
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
    ['workers', 'auto', { workers: 'auto' }],
    ['forwarded-allow-ips', '10.0.0.0/8,unix', { forwardedAllowIps: ['10.0.0.0/8', 'unix'] }],
    ['root-path', '/shop', { rootPath: '/shop' }],
    ['header', 'X-A:1', { header: ['X-A: 1'] }],
    ['server-header', 'true', { serverHeader: true }],
    ['date-header', 'false', { dateHeader: false }],
    ['request-id', 'true', { requestId: true }],
    ['mode', 'export', { mode: 'export' }],
    ['factory', 'true', { factory: true }],
    ['ts', 'strip', { ts: 'strip' }],
    ['chdir', '/srv/app', { chdir: '/srv/app' }],
    ['env-file', '.env', { envFile: ['.env'] }],
    ['import', './tracing.js', { import: ['./tracing.js'] }],
    ['require', 'tracing', { require: ['tracing'] }],
    ['node-args', '--expose-gc --no-warnings', { nodeArgs: ['--expose-gc --no-warnings'] }],
    ['ready', 'signal', { ready: 'signal' }],
    ['ready-path', '/health', { readyPath: '/health' }],
    ['shutdown-delay', '5', { shutdownDelayMs: 5000 }],
    ['canary-seconds', '2.5', { canaryMs: 2500 }],
    ['max-surge', '2', { maxSurge: 2 }],
    ['rolling', 'true', { rolling: true }],
    ['timeout', '0.5', { timeoutMs: 500 }],
    ['timeout', '0', { timeoutMs: 0 }],
    ['give-up', '60', { giveUpMs: 60_000 }],
    ['max-requests', '1000', { maxRequests: 1000 }],
    ['max-age', '604800', { maxAgeMs: 604_800_000 }],
    ['max-memory', '512M', { maxMemory: 536_870_912 }],
    ['max-memory', '1.5G', { maxMemory: 1_610_612_736 }],
    ['max-memory', '300000K', { maxMemory: 307_200_000 }],
    ['max-memory', '100000000', { maxMemory: 100_000_000 }],
    ['max-memory', '512m', { maxMemory: 536_870_912 }],
    ['max-memory', '0', { maxMemory: 0 }],
    ['max-loop-delay', '0.2', { maxLoopDelayMs: 200 }],
    ['log-file', 'log/supervisor.log', { logFile: 'log/supervisor.log' }],
  ])('changes its setting and nothing else: --%s %s', (flag, value, changed) => {
    expect(resolve({ flags: { [flag]: [value] } })).toEqual({ ...DEFAULT, ...changed })
  })

  it('that is given twice means its last value', () => {
    expect(resolve({ flags: { workers: ['2', '3'], 'log-level': ['debug', 'warn'] } })).toMatchObject({
      workers: 3,
      logLevel: 'warn',
    })
  })

  it('--bind can be given several times, and all of them count', () => {
    expect(resolve({ flags: { bind: ['127.0.0.1:1', '[::1]:2', 'unix:/run/app.sock', 'fd://3'] } }).bind).toEqual([
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
    ['factory', 'maybe'],
    ['mode', 'Export'],
    ['ts', 'babel'],
    ['ready', 'later'],
    ['workers', 'Auto'],
    ['max-surge', '0'],
    ['max-surge', 'all'],
    ['timeout', '0.05'],
    ['max-requests', '-1'],
    ['max-requests', '1e3'],
    ['max-age', '0.5'],
    ['max-loop-delay', '0.001'],
    ['give-up', 'never'],
    ['rolling', 'yes'],
  ])('with a value that makes no sense is refused by name: --%s "%s"', (flag, value) => {
    const { code, exitCode, message, hint } = refusalOf({ flags: { [flag]: [value] } })
    expect({ code, exitCode }).toEqual({ code: 'SUPERVISOR_OPTION_INVALID', exitCode: 2 })
    expect(message).toMatch(value === '' ? `--${flag} needs a value: ` : `--${flag} ${value}: `)
    expect(message).toMatch(/\.$/)
    expect(hint).toContain('The default is ')
  })

  it.each(['chdir', 'env-file', 'import', 'require', 'node-args', 'ready-path', 'max-memory', 'log-file'])(
    'without its value is refused, where there is no default to name: --%s',
    (flag) => {
      const { code, message, hint } = refusalOf({ flags: { [flag]: [''] } })
      expect(code).toBe('SUPERVISOR_OPTION_INVALID')
      expect(message).toMatch(`--${flag} needs a value: `)
      expect(hint).not.toContain('default')
    },
  )

  it.each([
    ['512', 'at least 16M'],
    ['10M', 'at least 16M'],
    ['512MB', 'such as 512M'],
    ['-1', 'such as 512M'],
    ['a lot', 'such as 512M'],
    ['99999999999G', 'more than any machine has'],
  ])('with a size that makes no sense is refused: --max-memory %s', (text, problem) => {
    const { code, message } = refusalOf({ flags: { 'max-memory': [text] } })
    expect(code).toBe('SUPERVISOR_OPTION_INVALID')
    expect(message).toMatch(`--max-memory ${text}: `)
    expect(message).toContain(problem)
  })

  it('--max-requests-jitter is refused without --max-requests, and counts with it', () => {
    const flags = { 'max-requests-jitter': ['10'] }
    expect(refusalOf({ flags }).message).toMatch(/^--max-requests-jitter .* without --max-requests/)
    expect(resolve({ flags, file: { maxRequests: 100 } })).toMatchObject({ maxRequests: 100, maxRequestsJitter: 10 })
  })

  it('with one wrong value of several is refused by that value', () => {
    expect(refusalOf({ flags: { bind: [':80', 'nonsense', ':81'] } }).message).toContain('--bind nonsense: ')
    expect(refusalOf({ flags: { workers: ['many', '2'] } }).message).toContain('--workers many: ')
  })
})

describe('a flag that does not exist', () => {
  it.each([
    ['worker', '--workers'],
    ['binds', '--bind'],
    ['boot-timeuot', '--boot-timeout'],
    ['log-fromat', '--log-format'],
  ])('is refused, and the nearest one is named: --%s', (flag, near) => {
    const { code, exitCode, message, hint } = refusalOf({ flags: { [flag]: ['1'] } })
    expect({ code, exitCode }).toEqual({ code: 'SUPERVISOR_OPTION_UNKNOWN', exitCode: 2 })
    expect(message).toContain(`--${flag}.`)
    expect(hint).toBe(`Did you mean ${near}?`)
  })

  it('is not compared with one that looks nothing like it', () => {
    expect(refusalOf({ flags: { 'keep-alive-for-ever': ['1'] } }).hint).toBe('See supervisor --help for all of them.')
  })

  it('is refused before a wrong value of another', () => {
    expect(refusalOf({ flags: { workers: ['0'], frobnicate: ['1'] } }).code).toBe('SUPERVISOR_OPTION_UNKNOWN')
  })

  it('of one letter is written with one dash', () => {
    expect(refusalOf({ flags: { x: ['1'] } }).message).toContain(' -x.')
  })
})

describe('the environment', () => {
  it('stands in for a flag, and the flag wins', () => {
    expect(resolve({ env: { WEB_CONCURRENCY: '3' } }).workers).toBe(3)
    expect(resolve({ flags: { workers: ['2'] }, env: { WEB_CONCURRENCY: '3' } }).workers).toBe(2)
    // What does not count is not read either.
    expect(resolve({ flags: { workers: ['2'] }, env: { WEB_CONCURRENCY: 'many' } }).workers).toBe(2)
  })

  it('is named when a value comes from there', () => {
    const { code, message } = refusalOf({ env: { WEB_CONCURRENCY: 'many' } })
    expect(code).toBe('SUPERVISOR_OPTION_INVALID')
    expect(message).toMatch(/^WEB_CONCURRENCY many: /)
  })

  it('with PORT means that port of all interfaces, as a container needs it', () => {
    expect(resolve({ env: { PORT: '3000' } }).bind).toEqual([{ kind: 'tcp', host: '0.0.0.0', port: 3000 }])
    expect(resolve({ env: { PORT: '0' } }).bind).toEqual([{ kind: 'tcp', host: '0.0.0.0', port: 0 }])
  })

  it('with PORT is outdone by --bind, even where PORT makes no sense', () => {
    const bind = [{ kind: 'tcp', host: null, port: 80 }]
    expect(resolve({ flags: { bind: [':80'] }, env: { PORT: '3000' } }).bind).toEqual(bind)
    expect(resolve({ flags: { bind: [':80'] }, env: { PORT: 'abc' } }).bind).toEqual(bind)
  })

  it.each(['abc', '65536', '-1', '80.5', '3000 ', '0x50', '127.0.0.1:80'])('with PORT=%s is refused', (port) => {
    const { code, message } = refusalOf({ env: { PORT: port } })
    expect(code).toBe('SUPERVISOR_OPTION_INVALID')
    expect(message).toContain('PORT must be')
    expect(message).toContain(`"${port}"`)
  })
})

describe('sockets that systemd has opened', () => {
  it('are where an app that exports is served', () => {
    expect(resolve({ activatedFds: [3, 4] }).bind).toEqual([
      { kind: 'fd', fd: 3 },
      { kind: 'fd', fd: 4 },
    ])
  })

  it('win over PORT, and --bind wins over them', () => {
    expect(resolve({ env: { PORT: '3000' }, activatedFds: [3] }).bind).toEqual([{ kind: 'fd', fd: 3 }])
    expect(resolve({ flags: { bind: [':80'] }, activatedFds: [3] }).bind).toEqual([
      { kind: 'tcp', host: null, port: 80 },
    ])
  })
})
