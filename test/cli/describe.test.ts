import { describe as group, expect, it } from 'vitest'
import { describe, type Line } from '../../packages/supervisor/src/cli/describe.ts'
import type { BootFailure, LeaveReason, WorkerName } from '../../packages/supervisor/src/core/types.ts'
import type { SupervisorReport } from '../../packages/supervisor/src/loop.ts'

const WORKER: WorkerName = { worker: 7, index: 2, generation: 3, pid: 4321 }
const NAMED = 'worker 7 (pid 4321, generation 3)'
const APP = 'app.js'

type ReportOf<Type extends SupervisorReport['type']> = Extract<SupervisorReport, { readonly type: Type }>
type Example<Type extends SupervisorReport['type']> = readonly [ReportOf<Type>, Line['level'], string]

const EXITED: ReportOf<'worker-exited'> = {
  type: 'worker-exited',
  code: null,
  signal: 'SIGKILL',
  reason: null,
  error: null,
  uptimeMs: 61_234,
  restartInMs: 0,
  ...WORKER,
}

/** An example of each type: one that is added and has none here does not compile. */
const EXAMPLES: { readonly [Type in SupervisorReport['type']]: Example<Type> } = {
  starting: [{ type: 'starting', workers: 4 }, 'info', 'starting app.js with 4 workers'],
  serving: [{ type: 'serving', workers: 1, afterMs: 120 }, 'info', '1 worker ready after 120 ms'],
  scaled: [{ type: 'scaled', from: 2, to: 3 }, 'info', 'workers: 2 -> 3'],
  'scale-refused': [{ type: 'scale-refused', workers: 1, limit: 1 }, 'warn', 'workers: 1, and 1 is the limit'],
  stopping: [{ type: 'stopping', mode: 'quick', origin: 'SIGINT', workers: 4 }, 'info', 'SIGINT: stopping quickly'],
  'stop-forced': [{ type: 'stop-forced', origin: 'SIGINT', workers: 2 }, 'warn', 'SIGINT: ending 2 workers at once'],
  stopped: [{ type: 'stopped', outcome: { kind: 'stopped' } }, 'info', 'stopped'],
  'listener-bound': [{ type: 'listener-bound', address: '[::]:80' }, 'info', 'listening on [::]:80'],
  'listener-waiting': [
    { type: 'listener-waiting', address: '127.0.0.1:80', errno: 'EADDRINUSE', forMs: 5000 },
    'warn',
    '127.0.0.1:80 is in use; trying again for 5.0 s',
  ],
  warning: [{ type: 'warning', code: 'SUPERVISOR_NO_SEAM', text: 'no sockets' }, 'warn', 'no sockets'],
  'hook-failed': [
    { type: 'hook-failed', hook: 'whenReady', error: { name: 'TypeError', message: 'no such thing', stack: 'at x' } },
    'error',
    'the hook whenReady failed: TypeError: no such thing',
  ],
  'worker-forked': [
    { type: 'worker-forked', reason: 'crashed', ...WORKER, pid: null },
    'debug',
    'worker 7 forked: its predecessor failed',
  ],
  'worker-ready': [{ type: 'worker-ready', afterMs: 95.4, ...WORKER }, 'info', `${NAMED} is ready after 95 ms`],
  'worker-boot-failed': [
    {
      type: 'worker-boot-failed',
      failure: { kind: 'not-servable', found: 'a number (42)', hint: 'Export it.' },
      ...WORKER,
    },
    'error',
    `${NAMED} could not boot: app.js exports a number (42), which can't be served.`,
  ],
  'worker-draining': [
    { type: 'worker-draining', reason: 'scaled-down', ...WORKER },
    'info',
    `${NAMED} drains: fewer workers were asked for`,
  ],
  'worker-killed': [
    { type: 'worker-killed', reason: 'stop', ...WORKER },
    'warn',
    `${NAMED} did not leave in time and is sent SIGKILL: the supervisor stops`,
  ],
  'worker-exited': [EXITED, 'error', `${NAMED} ended by SIGKILL after 61.2 s; its replacement starts at once`],
  'worker-abandoned': [
    { type: 'worker-abandoned', ...WORKER },
    'error',
    `${NAMED} does not even end on SIGKILL; going on without it`,
  ],
  'worker-warning': [
    { type: 'worker-warning', ...WORKER, code: 'SUPERVISOR_NO_SEAM', text: 'no seam' },
    'warn',
    'no seam',
  ],
}

function stopped(outcome: ReportOf<'stopped'>['outcome']): Line {
  return describe({ type: 'stopped', outcome }, APP)
}

group('every report is a sentence of the level that it deserves', () => {
  it.each(Object.values(EXAMPLES) as Example<SupervisorReport['type']>[])('$type', (report, level, text) => {
    const line = describe(report, APP)
    expect(line.level).toBe(level)
    if (report.type === 'worker-warning') expect(line.text).toContain(text)
    else expect(line.text).toBe(text)
  })
})

group('the end of a worker', () => {
  it('is told with code, cause and the time of its replacement when it crashed', () => {
    const error = {
      name: 'RangeError',
      message: 'out of apples',
      stack: 'RangeError: out of apples\n    at app.js:3:4',
    }
    const line = describe({ ...EXITED, code: 1, signal: null, error, uptimeMs: 900, restartInMs: 1600 }, APP)
    expect(line.text).toBe(
      `${NAMED} ended with code 1 after 900 ms: RangeError: out of apples; its replacement starts in 1.6 s`,
    )
    expect(line.fields).toEqual({ err: error })
  })

  it('promises no replacement when there will be none', () => {
    expect(describe({ ...EXITED, restartInMs: null }, APP).text).not.toContain('replacement')
  })

  it.each<[LeaveReason, string]>([
    ['stop', 'the supervisor stops'],
    ['scaled-down', 'fewer workers were asked for'],
    ['signalled', 'it was sent SIGTERM'],
    ['boot-failed', 'it could not boot'],
    ['boot-timed-out', 'it was not ready in time'],
  ])('is no error when it was asked to leave: %s', (reason, why) => {
    const line = describe({ ...EXITED, code: 0, signal: null, reason, restartInMs: null }, APP)
    expect(line).toEqual({ level: 'info', text: `${NAMED} ended with code 0 after 61.2 s: ${why}` })
  })
})

group('the end of the supervisor', () => {
  it('says when requests were lost, or nothing ever served', () => {
    expect(stopped({ kind: 'forced' })).toMatchObject({
      level: 'warn',
      text: expect.stringContaining('requests') as string,
    })
    const failure: BootFailure = { kind: 'ended', step: 'loaded' }
    expect(stopped({ kind: 'failed', failure, worker: 1 })).toMatchObject({ level: 'fatal' })
  })
})

group('a failed boot', () => {
  const error = { name: 'Error', message: 'bind EADDRINUSE 127.0.0.1:80', code: 'EADDRINUSE', stack: 'the stack' }

  it.each<[string, BootFailure, string]>([
    ['SUPERVISOR_APP_NOT_LOADED', { kind: 'not-loaded', error }, 'could not be loaded'],
    ['SUPERVISOR_APP_NOT_SERVABLE', { kind: 'not-servable', found: 'null', hint: 'Export it.' }, 'exports null'],
    ['SUPERVISOR_APP_THREW', { kind: 'threw', error }, 'threw while it started: Error: bind EADDRINUSE'],
    ['SUPERVISOR_ADDRESS_REFUSED', { kind: 'not-listening', error }, '127.0.0.1:80 is in use'],
    ['SUPERVISOR_APP_ENDED', { kind: 'ended', step: 'loaded' }, 'without listening'],
    ['SUPERVISOR_APP_ENDED', { kind: 'ended', step: 'loading' }, 'top-level await'],
    ['SUPERVISOR_APP_EXITED', { kind: 'exited', code: 7, signal: null }, 'exited with code 7'],
    ['SUPERVISOR_APP_EXITED', { kind: 'exited', code: null, signal: 'SIGSEGV' }, 'ended by SIGSEGV'],
    [
      'SUPERVISOR_APP_NEVER_LOADED',
      { kind: 'timed-out', afterMs: 60_000, step: 'loading', detail: null },
      'after 60 s',
    ],
    [
      'SUPERVISOR_APP_NEVER_LISTENED',
      { kind: 'timed-out', afterMs: 1540, step: 'loaded', detail: null },
      'within 1.5 s',
    ],
    ['SUPERVISOR_APP_NEVER_LISTENED', { kind: 'timed-out', afterMs: 60_000, step: 'loaded', detail: 'null' }, 'null'],
    [
      'SUPERVISOR_APP_NEVER_LISTENED',
      { kind: 'timed-out', afterMs: 60_000, step: 'listening', detail: '/health answered 503' },
      'listens, but was not ready within 60 s: /health answered 503',
    ],
    ['SUPERVISOR_PRELOAD_FAILED', { kind: 'preload', what: '--import ./a.js', error }, '--import ./a.js failed: Error'],
    ['SUPERVISOR_FORK_FAILED', { kind: 'fork-failed', error }, 'could not be forked'],
  ])('has a code and a cause: %s of %o', (code, failure, cause) => {
    const line = describe({ type: 'worker-boot-failed', failure, ...WORKER }, APP)
    expect(line.level).toBe('error')
    expect(line.text).toContain(`${NAMED} could not boot: `)
    expect(line.text).toContain(cause)
    expect(line.fields).toMatchObject({ code })
  })

  it('keeps what the app itself said', () => {
    const line = describe({ type: 'worker-boot-failed', failure: { kind: 'threw', error }, ...WORKER }, APP)
    expect(line.fields).toMatchObject({ detail: 'the stack' })
  })
})
