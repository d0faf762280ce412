import { describe, expect, it } from 'vitest'
import { Cli, fixture, isAlive, SUPERVISOR, type LogLine, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'

const HELLO = fixture('hello.mjs')
const CRASHES = fixture('bad/throws-after-ready.mjs')
/** An app that can't be shared: the worker warns of it. */
const EXCLUSIVE = `
import { createServer } from 'node:http'
createServer((request, response) => response.end()).listen({ port: 0, host: '127.0.0.1', exclusive: true })
`

const TALKATIVE = `
export default (request, response) => {
  console.log('asked')
  response.end(String(process.pid))
}
`

const QUIET = TALKATIVE.replace(/console.*/, '')

/*
 * Where the log does not tell the port, a Unix socket is used: a client that asks on a port before anybody listens
 * there may, by chance, be connected to itself.
 */
async function pidThatAnswers(socketPath: string): Promise<number | false> {
  const { result, body } = await ask({ socketPath })
  return result === 'ok' && (Number(body) || NOBODY)
}

function linesOf(cli: Cli): string[] {
  return cli.stdout.split('\n').filter((line) => line !== '')
}

/** Holds a line to naming its worker, as far as that is known. */
function expectNamesWorker(line: LogLine): void {
  const named = { worker: line.worker, index: line['index'], generation: line['generation'], pid: line.workerPid }
  expect(named, line.msg).toEqual({
    worker: expect.any(Number) as number,
    index: expect.any(Number) as number,
    generation: 1,
    pid: expect.any(Number) as number,
  })
  expect(line.msg).toContain(`worker ${line.worker}`)
}

describe('where nobody reads on a terminal', () => {
  it('writes nothing but lines of JSON, with time, level, event and a sentence', async () => {
    await using cli = await Cli.serving(['--workers', '2', HELLO])
    cli.signal('SIGTERM')
    await cli.exit()
    for (const text of linesOf(cli)) {
      expect(JSON.parse(text)).toMatchObject({
        level: expect.any(Number) as number,
        time: expect.any(Number) as number,
        pid: cli.pid,
        event: expect.stringMatching(/^[a-z]+(-[a-z]+)*$/) as string,
        msg: expect.stringMatching(/\w/) as string,
      })
    }
    expect(linesOf(cli).length).toBeGreaterThan(5)
    expect(cli.stderr).toBe('')
  })

  it('names the worker in every line about one, and why it was started, leaves and has ended', async () => {
    await using cli = await Cli.serving(['--workers', '2', '--log-level', 'debug', HELLO])
    const [killed = NOBODY, left = NOBODY] = cli.workerPids
    process.kill(killed, 'SIGKILL')
    await cli.line('worker-ready', 3)
    process.kill(left, 'SIGTERM')
    await cli.line('worker-ready', 4)
    await cli.line('worker-exited', 2)

    for (const event of ['worker-ready', 'worker-draining', 'worker-exited'])
      cli.events(event).forEach(expectNamesWorker)
    const forked = cli.events('worker-forked')
    expect(forked.map((line) => line['reason'])).toEqual(['boot', 'boot', 'crashed', 'replaced'])
    const ready = cli.events('worker-ready')
    // A replacement has a number of its own, and the place of the one before it.
    expect(new Set(ready.map(({ worker }) => worker))).toEqual(new Set([1, 2, 3, 4]))
    const placeOf = (pid: number | undefined): unknown => ready.find(({ workerPid }) => workerPid === pid)?.['index']
    expect(ready[2]?.['index']).toBe(placeOf(killed))
    expect(ready[3]?.['index']).toBe(placeOf(left))
    expect(cli.events('worker-draining')).toMatchObject([{ workerPid: left, reason: 'signalled' }])
    expect(cli.events('worker-draining')[0]?.msg).toContain('SIGTERM')
    expect(cli.events('worker-exited')).toMatchObject([
      { workerPid: killed, code: null, signal: 'SIGKILL', reason: null, restartInMs: 0 },
      { workerPid: left, code: 0, signal: null, reason: 'signalled' },
    ])
    expect(cli.events('worker-exited')[0]?.msg).toContain('SIGKILL')
  })

  it('names the worker in a warning that comes from it', async () => {
    using folder = new Folder()
    await using cli = new Cli([folder.write('app.mjs', EXCLUSIVE)])
    const line = await cli.line('worker-warning')
    expect(line['code']).toBe('SUPERVISOR_LISTEN_NOT_SHARED')
    expect(line.msg).toContain('exclusive')
    expectNamesWorker(line)
  })

  it('names the worker that could not boot, with the code of the cause', async () => {
    await using cli = new Cli([fixture('throw-at-import.mjs')])
    await cli.exit()
    const [line] = cli.events('worker-boot-failed')
    expect(line).toMatchObject({ level: 50, code: 'SUPERVISOR_APP_THREW' })
    if (line !== undefined) expectNamesWorker(line)
  })
})

describe('an app that throws a second after it was ready', () => {
  it('is replaced, and the log has the name, the message and the stack of the error', async () => {
    await using cli = await Cli.serving([CRASHES])
    const exited = await cli.line('worker-exited')
    expectNamesWorker(exited)
    expect(exited).toMatchObject({ level: 50, code: 1, signal: null, reason: null })
    expect(exited.msg).toContain('RangeError: out of apples')
    expect(exited['err']).toMatchObject({ name: 'RangeError', message: 'out of apples' })
    expect((exited['err'] as { stack: string }).stack).toMatch(/at .*throws-after-ready\.mjs:\d+:\d+/)
    const again = await cli.line('worker-ready', 2)
    expect(again.workerPid).not.toBe(exited.workerPid)
    expect(again['index']).toBe(exited['index'])
  })
})

describe('--log-level', () => {
  it('error hides what goes well and shows what does not', async () => {
    using folder = new Folder()
    const socketPath = `${folder.path}/app.sock`
    const app = folder.write('app.mjs', TALKATIVE)
    await using cli = new Cli(['--log-level', 'error', '--bind', `unix:${socketPath}`, app])
    const pid = await until('the app answers', () => pidThatAnswers(socketPath))
    await until('the app has printed', () => cli.stdout !== '')
    expect(linesOf(cli).filter((line) => line !== 'asked')).toEqual([])
    process.kill(pid, 'SIGKILL')
    const exited = await cli.line('worker-exited')
    expect(exited.msg).toContain('SIGKILL')
    expect(cli.log.filter(({ level }) => level < 50)).toEqual([])
  })

  it('silent hides everything but the reason of a failure, which goes to standard error', async () => {
    await using cli = new Cli(['--log-level', 'silent', fixture('throw-at-import.mjs')])
    expect((await cli.exit()).code).toBe(3)
    expect(cli.stdout).toBe('')
    expect(cli.stderr).toContain('SUPERVISOR_APP_THREW')
  })
})

describe('--log-format pretty', () => {
  it('writes sentences instead of JSON, one a line, with time and level', async () => {
    await using cli = new Cli(['--log-format', 'pretty', HELLO])
    await until(
      'the log tells that the worker serves',
      () => cli.stdout.includes('1 worker ready') || cli.stderr !== '',
    )
    expect(cli.stderr).toBe('')
    cli.signal('SIGTERM')
    await cli.exit()
    for (const line of linesOf(cli)) expect(line).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] (INFO|WARN|ERROR): \S.*$/)
    expect(cli.stdout).not.toMatch(/[{}]/)
    expect(cli.stdout).toMatch(/INFO: worker 1 \(pid \d+, generation 1\) is ready after /)
    expect(cli.stdout).toMatch(/INFO: listening on 127\.0\.0\.1:\d+\n/)
    expect(cli.stdout).toContain('INFO: SIGTERM: stopping gracefully')
  })
})

const READ_ONCE = ['sh', '-c', '"$@" | head -1', 'sh', process.execPath, SUPERVISOR]

describe('a reader that has gone', () => {
  it('does not end the serving: supervisor app | head -1', async () => {
    using folder = new Folder()
    const socketPath = `${folder.path}/app.sock`
    const args = ['--workers', '2', '--bind', `unix:${socketPath}`, folder.write('app.mjs', QUIET)]
    await using cli = new Cli(args, { command: READ_ONCE })
    const seen: number[] = []
    const freshPid = async (): Promise<number | false> => {
      const pid = await pidThatAnswers(socketPath)
      return pid !== false && !seen.includes(pid) && pid
    }
    await until('the reader has read its line', () => linesOf(cli).length === 1)
    // Each end of a worker is told in lines that nobody reads any more.
    for (let round = 0; round < 3; round++) {
      const pid = await until('a worker answers that has not answered before', freshPid)
      process.kill(pid, 'SIGKILL')
      seen.push(pid)
    }
    await until('one more answers', freshPid)
    expect(isAlive(cli.pid)).toBe(true)
    expect(cli.stderr).toBe('')
    expect(linesOf(cli)).toHaveLength(1)
  })

  it('does not end a worker that goes on printing either', async () => {
    using folder = new Folder()
    const socketPath = `${folder.path}/app.sock`
    const args = ['--bind', `unix:${socketPath}`, folder.write('app.mjs', TALKATIVE)]
    await using cli = new Cli(args, { command: READ_ONCE })
    const pid = await until('the reader has read and the app answers', async () => {
      const pid = await pidThatAnswers(socketPath)
      return linesOf(cli).length === 1 && pid
    })
    for (let count = 0; count < 50; count++) expect(await pidThatAnswers(socketPath)).toBe(pid)
    expect(cli.stderr).toBe('')
  })
})
