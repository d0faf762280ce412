import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LogFile, openLogFile } from '../../packages/supervisor/src/cli/log-file.ts'
import type { SupervisorError } from '../../packages/supervisor/src/errors.ts'
import { Cli, fixture, isAlive, type LogLine, NOBODY, type StartOptions } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'
import { expectOneCause, failureOf } from './failure.ts'

const HELLO = fixture('hello.mjs')

function linesIn(path: string): LogLine[] {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogLine]))
}

/** Starts a supervisor that logs to a file, and waits until it serves. */
async function loggingTo(path: string, args: readonly string[] = [], options?: StartOptions): Promise<Cli> {
  const cli = new Cli(['--log-file', path, ...args, HELLO], options)
  await until(`${path} tells that it serves\n${cli.stderr}`, () =>
    linesIn(path).some(({ event }) => event === 'serving'),
  )
  return cli
}

describe('--log-file', () => {
  it("takes the lines of JSON instead of standard output, and is the owner's and the group's to read", async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.log')
    await using cli = await loggingTo(path)
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    expect(linesIn(path).map(({ event }) => event)).toContain('stopped')
    expect({ stdout: cli.stdout, stderr: cli.stderr }).toEqual({ stdout: '', stderr: '' })
    expect(statSync(path).mode & 0o777 & ~0o640).toBe(0)
  })

  it('is added to, and looked up in the folder that the app runs in', async () => {
    using folder = new Folder()
    const path = folder.write('app.log', '{"event":"before"}\n')
    await using cli = new Cli(['--log-file', 'app.log', '--chdir', folder.path, HELLO])
    await until('it serves', () => linesIn(path).some(({ event }) => event === 'serving'))
    expect(linesIn(path)[0]?.event).toBe('before')
    expect(cli.stdout).toBe('')
  })

  it('has sentences with --log-format pretty, without colours', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.log')
    await using cli = new Cli(['--log-file', path, '--log-format', 'pretty', HELLO])
    await until('it serves', () => existsSync(path) && readFileSync(path, 'utf8').includes('1 worker ready'))
    for (const line of readFileSync(path, 'utf8').trimEnd().split('\n'))
      expect(line).toMatch(/^\[[\d:.]+\] [A-Z]+: \S.*$/)
    expect(cli.stderr).toBe('')
  })

  it('leaves the reason of a failed start on standard error', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.log')
    const failure = await failureOf(['--log-file', path, fixture('throw-at-import.mjs')])
    expectOneCause(failure, { exitCode: 3, code: 'SUPERVISOR_APP_THREW' })
    expect(linesIn(path).map(({ event }) => event)).toContain('worker-boot-failed')
  })

  it.each(['--log-level=info', '--check-config'])(
    'that can not be is refused before anything starts: %s',
    async (flag) => {
      using folder = new Folder()
      const file = folder.write('file', '')
      for (const [path, problem] of [
        [join(folder.path, 'nowhere/app.log'), `there is no folder ${join(folder.path, 'nowhere')}.`],
        [folder.path, 'is a directory.'],
        [join(file, 'app.log'), `there is no folder ${file}.`],
      ] as const) {
        const failure = await failureOf(['--log-file', path, flag, HELLO])
        expectOneCause(failure, { exitCode: flag === '--check-config' ? 1 : 2, code: 'SUPERVISOR_LOG_FILE' })
        expect(failure.stderr).toContain(`the log file ${path} `)
        expect(failure.stderr).toContain(problem)
        expect(failure.stdout).toBe('')
      }
    },
  )

  it.skipIf(process.getuid?.() === 0)('that may not be written is refused', async () => {
    using folder = new Folder()
    const path = folder.write('app.log', '')
    chmodSync(path, 0o400)
    const failure = await failureOf(['--log-file', path, HELLO])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_LOG_FILE' })
    expect(failure.stderr).toContain('may not be written')
  })

  it('is not made by --check-config', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.log')
    expect((await failureOf(['--log-file', path, '--check-config', HELLO])).exitCode).toBe(0)
    expect(existsSync(path)).toBe(false)
  })

  it('on a full disk is told once on standard error, and ends nothing', async () => {
    await using cli = new Cli(['--log-file', '/dev/full', '--log-level', 'debug', HELLO])
    await until('the trouble is told', () => cli.stderr !== '')
    for (let round = 0; round < 3; round++) cli.signal('SIGTTIN')
    for (let round = 0; round < 3; round++) cli.signal('SIGTTOU')
    expect(isAlive(cli.pid)).toBe(true)
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    expect(cli.stderr.match(/^supervisor: .*disk is full/gm)).toHaveLength(1)
  })
})

describe('USR1', () => {
  it('opens the file anew after it was renamed, and not a line is lost', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.log')
    await using cli = await loggingTo(path, ['--log-level', 'debug', '--workers', '2'])
    const files = [path]
    for (let round = 1; round <= 5; round++) {
      cli.signal(round % 2 === 0 ? 'SIGTTOU' : 'SIGTTIN')
      const old = `${path}.${round}`
      renameSync(path, old)
      files.unshift(old)
      cli.signal('SIGUSR1')
      await until('the new file is open', () => linesIn(path).some(({ event }) => event === 'log-reopened'))
      const size = statSync(old).size
      cli.signal('SIGUSR1')
      await until('it is open again', () => linesIn(path).filter(({ event }) => event === 'log-reopened').length > 1)
      expect(statSync(old).size).toBe(size)
    }
    cli.signal('SIGTERM')
    await cli.exit()
    const lines = files.flatMap((file) => linesIn(file))
    const workers = (event: string): unknown[] =>
      lines.filter((line) => line.event === event).map(({ worker }) => worker)
    expect(new Set(workers('worker-exited'))).toEqual(new Set(workers('worker-forked')))
    expect(lines.filter(({ event }) => event === 'scaled')).toHaveLength(5)
    expect(cli.stderr).toBe('')
  })

  it('leaves the old file open where the new one can not be, and says so', async () => {
    using folder = new Folder()
    mkdirSync(join(folder.path, 'log'))
    const path = join(folder.path, 'log/app.log')
    await using cli = await loggingTo(path)
    renameSync(join(folder.path, 'log'), join(folder.path, 'gone'))
    cli.signal('SIGUSR1')
    const moved = join(folder.path, 'gone/app.log')
    const warning = await until('it is told', () =>
      linesIn(moved).find(({ event, code }) => event === 'warning' && code === 'SUPERVISOR_LOG_FILE'),
    )
    expect(warning).toMatchObject({ level: 40, code: 'SUPERVISOR_LOG_FILE' })
    expect(warning.msg).toContain('there is no folder')
    cli.signal('SIGTERM')
    await cli.exit()
    expect(linesIn(moved).at(-1)?.event).toBe('stopped')
  })

  it('does nothing without a file, opens no inspector, and reaches no worker', async () => {
    await using cli = await Cli.serving(['--workers', '2', HELLO])
    const pids = cli.workerPids
    cli.signal('SIGUSR1')
    const line = await cli.line('signal-ignored')
    expect(line).toMatchObject({ level: 30, msg: 'SIGUSR1: there is no --log-file to reopen' })
    expect((await ask({ port: cli.port })).result).toBe('ok')
    expect(cli.liveWorkerPids).toEqual(pids)
    expect(cli.stderr).toBe('')
  })
})

describe('a log file that can not be written for a while', () => {
  it('gets the lines that were kept, whole and in order, when it is opened anew', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.log')
    symlinkSync('/dev/full', path)
    const failures: SupervisorError[] = []
    const file = new LogFile(path, openLogFile(path), (error) => failures.push(error))
    file.write('one\n')
    await until('the failure is told', () => failures.length > 0)
    file.write('two\n')
    renameSync(path, `${path}.1`)
    await file.reopen()
    file.write('three\n')
    await file.end()
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\n')
    expect(failures.map(({ code }) => code)).toEqual(['SUPERVISOR_LOG_FILE'])
  })

  it('that is a pipe which nobody reads is refused at once', () => {
    expect(() => openLogFile(`/proc/${process.pid}/fd/${NOBODY}`)).toThrow('the log file')
  })
})
