import { describe as group, expect, it } from 'vitest'
import { describe } from '../../packages/supervisor/src/cli/describe.ts'
import type { Line } from '../../packages/supervisor/src/cli/phrase.ts'
import type { BootFailure } from '../../packages/supervisor/src/core/failure.ts'
import type { WorkerName } from '../../packages/supervisor/src/core/report.ts'
import type { LeaveReason } from '../../packages/supervisor/src/core/types.ts'
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
  'listener-released': [
    { type: 'listener-released', address: '127.0.0.1:81' },
    'info',
    '127.0.0.1:81 is closed: the app does not listen there any more',
  ],
  'gave-up': [{ type: 'gave-up', afterMs: 60_000 }, 'fatal', 'no worker has been ready for 60.0 s: giving up'],
  'shutdown-delayed': [
    { type: 'shutdown-delayed', origin: 'SIGTERM', forMs: 5000 },
    'info',
    'SIGTERM: not ready any more, and stopping in 5.0 s',
  ],
  'reload-asked': [{ type: 'reload-asked', origin: 'SIGHUP' }, 'info', 'SIGHUP: reloading'],
  'reload-superseded': [
    { type: 'reload-superseded', origin: 'SIGHUP' },
    'info',
    'SIGHUP: the reload that was under way gives way to a newer one',
  ],
  'reload-started': [
    { type: 'reload-started', generation: 2, workers: 4 },
    'info',
    'generation 2: starting app.js with 4 workers',
  ],
  'reload-rolling': [
    { type: 'reload-rolling', generation: 2 },
    'warn',
    'generation 2: workers are swapped in turn; both versions serve until that is done',
  ],
  reloaded: [
    { type: 'reloaded', generation: 2, workers: 4, afterMs: 250 },
    'info',
    'generation 2 serves with 4 workers, after 250 ms',
  ],
  'reload-failed': [
    { type: 'reload-failed', generation: 2, failure: { kind: 'stopped' } },
    'warn',
    'the reload is given up: the supervisor stops',
  ],
  drift: [
    { type: 'drift', generation: 1, files: ['/app/a.js', '/app/b.js', '/app/c.js', '/app/d.js'] },
    'warn',
    'files of generation 1 have changed on the disk: /app/a.js, /app/b.js, /app/c.js and 1 more. Workers are not recycled, and one that crashes is replaced by what is there now. Reload to have one version again',
  ],
  'worker-recycling': [
    { type: 'worker-recycling', reason: 'max-memory', value: 512 * 2 ** 20, ...WORKER },
    'info',
    `${NAMED} is to be replaced: it takes up 512 MB of memory (--max-memory)`,
  ],
  'worker-hung': [
    {
      type: 'worker-hung',
      silentMs: 30_000,
      verdict: { kind: 'stack', stack: '  at spin (app.js:3:5)', requests: [{ method: 'GET', path: '/x', ageMs: 31 }] },
      ...WORKER,
    },
    'error',
    `${NAMED} is hung: no sign of life for 30.0 s. It is at:\n  at spin (app.js:3:5)\nRequests in flight:\n  GET /x, for 31 ms`,
  ],
  'worker-recovered': [
    { type: 'worker-recovered', silentMs: 31_000, verdict: { kind: 'native' }, ...WORKER },
    'warn',
    `${NAMED} gave no sign of life for 31.0 s, and goes on; it is blocked in native code`,
  ],
  'worker-debugged': [
    { type: 'worker-debugged', silentMs: 30_000, ...WORKER },
    'warn',
    `${NAMED} gives no sign of life for 30.0 s: a debugger is attached`,
  ],
  'worker-crowded-out': [
    { type: 'worker-crowded-out', draining: 33, ...WORKER },
    'warn',
    `${NAMED} has drained long enough: 33 workers drain, and that is too many`,
  ],
  'listener-waiting': [
    { type: 'listener-waiting', address: '127.0.0.1:80', errno: 'EADDRINUSE', forMs: 5000 },
    'warn',
    '127.0.0.1:80 is in use; trying again for 5.0 s',
  ],
  'inspector-open': [
    { type: 'inspector-open', index: 1, address: '127.0.0.1:9230' },
    'info',
    'listening for debuggers on 127.0.0.1:9230',
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
  changed: [{ type: 'changed', origin: 'file', files: ['a.js', 'b.js'] }, 'info', 'a.js, b.js changed'],
  broken: [
    { type: 'broken', generation: 2, failure: { kind: 'exited', code: 7, signal: null } },
    'error',
    'app.js is broken: a worker exited with code 7.',
  ],
  watching: [
    { type: 'watching', files: 1, folders: 2, isPolling: true, hint: 'A hint' },
    'info',
    'looking again and again at 1 file in 2 folders. A hint',
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
    expect(stopped({ kind: 'forced' }).level).toBe('warn')
    expect(stopped({ kind: 'forced' }).text).toContain('requests')
    const failure: BootFailure = { kind: 'ended', step: 'loaded' }
    expect(stopped({ kind: 'failed', failure, worker: 1 })).toMatchObject({
      level: 'fatal',
      text: 'stopped: the first generation could not boot',
    })
    const gaveUp: BootFailure = { kind: 'gave-up', afterMs: 5000, last: failure }
    expect(stopped({ kind: 'failed', failure: gaveUp, worker: null })).toMatchObject({
      level: 'fatal',
      text: 'stopped: no worker was ready',
    })
  })
})
