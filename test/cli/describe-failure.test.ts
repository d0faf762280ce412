import { describe as group, expect, it } from 'vitest'
import { describe } from '../../packages/supervisor/src/cli/describe.ts'
import type { BootFailure } from '../../packages/supervisor/src/core/failure.ts'
import type { WorkerName } from '../../packages/supervisor/src/core/report.ts'

const WORKER: WorkerName = { worker: 7, index: 2, generation: 3, pid: 4321 }
const NAMED = 'worker 7 (pid 4321, generation 3)'
const APP = 'app.js'

group('a failed boot', () => {
  const error = { name: 'Error', message: 'bind EADDRINUSE 127.0.0.1:80', code: 'EADDRINUSE', stack: 'the stack' }

  it.each<[string, BootFailure, string]>([
    ['SUPERVISOR_APP_NOT_LOADED', { kind: 'not-loaded', error }, 'could not be loaded'],
    ['SUPERVISOR_APP_NOT_SERVABLE', { kind: 'not-servable', found: 'null', hint: 'Export it.' }, 'exports null'],
    ['SUPERVISOR_APP_NOT_SECURED', { kind: 'not-secured', found: 'listens by itself' }, 'app.js listens by itself'],
    ['SUPERVISOR_APP_THREW', { kind: 'threw', error }, 'threw while it started: Error: bind EADDRINUSE'],
    ['SUPERVISOR_ADDRESS_REFUSED', { kind: 'not-listening', error }, '127.0.0.1:80 is in use'],
    ['SUPERVISOR_APP_ENDED', { kind: 'ended', step: 'loaded' }, 'without listening'],
    ['SUPERVISOR_APP_ENDED', { kind: 'ended', step: 'loading' }, 'top-level await'],
    ['SUPERVISOR_APP_EXITED', { kind: 'exited', code: 7, signal: null }, 'exited with code 7'],
    ['SUPERVISOR_APP_EXITED', { kind: 'exited', code: 9, signal: null }, 'exited with code 9'],
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
    ['SUPERVISOR_USER_REFUSED', { kind: 'rights', account: 'user app', error }, 'could not become user app: Error'],
    [
      'SUPERVISOR_USER_REFUSED',
      { kind: 'rights', account: 'user app', error: { ...error, code: 'EACCES' } },
      "can't run as user app, who may not read what it has to",
    ],
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
