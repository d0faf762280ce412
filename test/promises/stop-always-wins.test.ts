import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Cli, fixture, isAlive, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

/** Longer than what counts as the same key press. */
const SECOND_PRESS_MS = 300

const HASTE = ['--graceful-timeout', '0.5', '--kill-timeout', '0.5']

it.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)('obeys %s while the workers boot', async (signal) => {
  using folder = new Folder()
  await using cli = new Cli(['--workers', '2', fixture('listen-late.mjs')], { env: { GATE: `${folder.path}/gate` } })
  await cli.line('starting')
  cli.signal(signal)
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(isAlive(-cli.pid)).toBe(false)
})

it('obeys while the workers are blocked at import', async () => {
  await using cli = new Cli(['--workers', '2', fixture('block-at-import.mjs')])
  await cli.line('starting')
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(isAlive(-cli.pid)).toBe(false)
})

it('obeys while a worker waits for its next start', async () => {
  using folder = new Folder()
  await using cli = await Cli.serving(['--workers', '1', fixture('fail-after-first.mjs')], {
    env: { MARKS: folder.path },
  })
  process.kill(cli.workerPids[0] ?? NOBODY, 'SIGKILL')
  // By now the delays are longer than the test would wait.
  await cli.line('worker-exited', 5)
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it.each(['SIGTERM', 'SIGINT'] as const)('ends at once on a second %s while it drains', async (signal) => {
  await using cli = await Cli.serving(['--workers', '2', fixture('hello.mjs')], { env: { SLOW_MS: '60000' } })
  const slow = ask({ port: cli.port, path: '/slow', patienceMs: 20_000 })
  await until('the slow request is being worked on', async () => (await ask({ port: cli.port })).result === 'ok')
  cli.signal(signal)
  const begun = performance.now()
  await cli.line('stopping')
  await until('the second one is another key press', () => performance.now() - begun > SECOND_PRESS_MS)
  cli.signal(signal)
  expect(await cli.exit()).toEqual({ code: 1, signal: null })
  expect((await slow).result).toBe('reset')
  expect(isAlive(-cli.pid)).toBe(false)
})

it('takes one key press that arrives twice, as through a package runner, for one', async () => {
  await using cli = await Cli.serving(['--workers', '2', fixture('hello.mjs')])
  const slow = ask({ port: cli.port, path: '/slow' })
  await until('the slow request is being worked on', async () => (await ask({ port: cli.port })).result === 'ok')
  cli.signal('SIGINT')
  cli.signal('SIGINT')
  expect((await slow).result).toBe('ok')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it('kills a worker that ignores the end of its time', async () => {
  await using cli = await Cli.serving([...HASTE, '--workers', '2', fixture('ignore-term.mjs')])
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(cli.events('worker-killed')).toHaveLength(2)
})

it('kills a worker that is blocked', async () => {
  await using cli = await Cli.serving([...HASTE, '--workers', '1', fixture('block-on-request.mjs')])
  const blocked = ask({ port: cli.port, path: '/block' })
  await until('the worker is blocked', async () => (await ask({ port: cli.port, patienceMs: 300 })).result === 'hung')
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect((await blocked).result).toBe('reset')
})

it.each(['a socket', 'a pipe'] as const)('ends although %s that it writes to is not read', async (kind) => {
  using folder = new Folder()
  const port = await freePort()
  using pipe = kind === 'a pipe' ? unreadPipe(folder) : undefined
  await using cli = new Cli([...HASTE, '--workers', '2', fixture('talkative.mjs')], {
    env: { APP_PORT: String(port) },
    isStalled: true,
    ...(pipe !== undefined && { stdout: pipe.fd }),
  })
  await until('it serves', async () => (await ask({ port })).result === 'ok')
  // More than any pipe holds: the worker blocks in its write, and the supervisor's lines wait behind it.
  expect((await ask({ port, path: '/talk', patienceMs: 1000 })).result).toBe('hung')
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(isAlive(-cli.pid)).toBe(false)
})

/** The writing end of a pipe whose reading end is open, but never read. */
function unreadPipe(folder: Folder): { readonly fd: number } & Disposable {
  const path = `${folder.path}/pipe`
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const fd = openSync(path, constants.O_WRONLY)
  return {
    fd,
    [Symbol.dispose]() {
      closeSync(reader)
      closeSync(fd)
    },
  }
}
