import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Cli, fixture } from '../harness/cli.ts'
import { ask, failuresOf, Load, NO_FAILURES } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'
import { accessIn, Logged, Raw, type Access } from './access.ts'
import { Pipe } from './pipe.ts'

const EXPORTS = 'access-log.mjs'
const LISTENS = 'access-log-listens.mjs'
const ON_STDOUT = ['--bind', '127.0.0.1:0', '--access-log']

/** Asks `count` times, several at a time, and returns when all are answered. */
async function askMany(port: number, count: number, path = '/many'): Promise<void> {
  for (let asked = 0; asked < count; asked += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => ask({ port, path: `${path}/${asked + index}` })))
  }
}

/** The URLs below `/many`, in order of their numbers. */
function many(urls: readonly (string | null)[]): string[] {
  const found = urls.filter((url): url is string => url?.startsWith('/many/') === true)
  return found.toSorted((a, b) => Number(a.slice(6)) - Number(b.slice(6)))
}

const wanted = (count: number): string[] => Array.from({ length: count }, (_, index) => `/many/${index}`)

describe.each(['a file', 'standard output'])('the access log in %s', (place) => {
  /** Has an app end in some way, and returns the URLs in the log. */
  async function urlsAfter(
    app: string,
    args: readonly string[],
    end: (cli: Cli, port: number) => Promise<unknown>,
  ): Promise<(string | null)[]> {
    if (place === 'a file') {
      await using logged = await Logged.start(app, args)
      await end(logged.cli, logged.port)
      return accessIn(logged.text).map(({ url }) => url)
    }
    await using cli = await Cli.serving([...ON_STDOUT, ...args, fixture(app)])
    await end(cli, cli.port)
    return accessIn(cli.stdout).map(({ url }) => url)
  }

  it.each([EXPORTS, LISTENS])('has every line after a stop: %s', async (app) => {
    const urls = await urlsAfter(app, ['--workers', '2'], async (cli, port) => {
      await askMany(port, 100)
      cli.signal('SIGTERM')
      await cli.exit()
    })
    expect(many(urls)).toEqual(wanted(100))
  })

  it.each(['/exit', '/throw'])('has the last lines of a worker that ends by itself: %s', async (path) => {
    const urls = await urlsAfter(EXPORTS, [], async (cli, port) => {
      await askMany(port, 20)
      await ask({ port, path })
      await cli.line('worker-exited')
      cli.signal('SIGTERM')
      await cli.exit()
    })
    expect(many(urls)).toEqual(wanted(20))
    expect(urls).toContain(path)
  })

  it('has the line of a request that is cut off at the graceful timeout', async () => {
    const urls = await urlsAfter(EXPORTS, ['--graceful-timeout', '0.3'], async (cli, port) => {
      using raw = new Raw(port, 'GET /begun HTTP/1.1\r\nHost: x\r\n\r\n')
      await raw.hears('begun')
      cli.signal('SIGTERM')
      await cli.exit()
    })
    expect(urls).toEqual(['/begun'])
  })
})

describe.each(['a socket', 'a pipe'])('standard output that is %s', (kind) => {
  /** An app that serves on a port, and whose output nobody reads until the returned function is called. */
  async function stalled(args: readonly string[], env = {}): Promise<{ cli: Cli; port: number; read: () => void }> {
    const port = await freePort()
    const pipe = kind === 'a pipe' ? new Pipe() : null
    onTestFinished(() => pipe?.[Symbol.dispose]())
    const all = ['--bind', `127.0.0.1:${port}`, '--access-log', ...args, fixture(EXPORTS)]
    const cli = new Cli(all, { isStalled: true, env, ...(pipe !== null && { stdout: pipe.fd }) })
    await until('it answers', async () => (await ask({ port })).result === 'ok')
    const read = (): void => (pipe === null ? cli.readOutput() : pipe.read((text) => (cli.stdout += text)))
    return { cli, port, read }
  }

  it('has whole lines, whoever else prints', async () => {
    const { cli: started, port, read } = await stalled(['--workers', '2'], { PRINT: '1' })
    await using cli = started
    read()
    await askMany(port, 400)
    const lines = (): string[] => cli.stdout.split('\n').slice(0, -1)
    const own = (line: string): boolean => line.startsWith('[app] ')
    await until('all is out', () => many(accessIn(cli.stdout).map(({ url }) => url)).length === 400)
    const printed = lines().filter(own)
    expect(many(printed.map((line) => line.slice('[app] '.length)))).toEqual(wanted(400))
    const rest = lines().filter((line) => !own(line))
    expect(many(rest.map((line) => (JSON.parse(line) as Access).url))).toEqual(wanted(400))
  })

  it('and that nobody reads holds up no request, and what is lost is counted', async () => {
    const { cli: started, port, read } = await stalled([])
    await using cli = started
    // More than a pipe and what is kept in addition can take.
    const asked = 600
    await askMany(port, asked, `/many/${'x'.repeat(3000)}`)
    read()
    const warning = await until('what was lost is told', () =>
      cli.log.find(({ event, msg }) => event === 'worker-warning' && msg.includes('written again')),
    )
    const lost = Number(/(?<count>\d+) lines/.exec(warning.msg)?.groups?.['count'])
    expect(lost).toBeGreaterThan(0)
    await ask({ port, path: '/after' })
    await until('the log goes on', () => accessIn(cli.stdout).some(({ url }) => url === '/after'))
    const kept = accessIn(cli.stdout).filter(({ url }) => url?.startsWith('/many/') === true)
    expect(kept).toHaveLength(asked - lost)
    expect(new Set(kept.map(({ url }) => url)).size).toBe(kept.length)
    for (const line of cli.stdout.trimEnd().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow()
    expect(cli.log.filter(({ code }) => code === 'SUPERVISOR_ACCESS_LOG_TROUBLE')).toHaveLength(2)
  })

  it('and that nobody reads does not keep a worker from leaving', async () => {
    const { cli: started, port } = await stalled(['--kill-timeout', '60'])
    await using cli = started
    await askMany(port, 200, `/many/${'x'.repeat(3000)}`)
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
  })
})

describe('standard output', () => {
  it('whose reader has gone is no reason to stop serving', async () => {
    await using cli = await Cli.serving([...ON_STDOUT, fixture(EXPORTS)])
    const { port, workerPids } = cli
    cli.process.stdout?.destroy()
    await askMany(port, 60)
    // By then lines have been written to nobody.
    await wait(100)
    expect((await ask({ port })).result).toBe('ok')
    expect(cli.liveWorkerPids).toEqual(workerPids)
  })
})

describe('a file that can not be written', () => {
  it('on a full disk is told once, and holds up nothing', async () => {
    await using logged = await Logged.start(EXPORTS, ['--workers', '2'], { path: '/dev/full' })
    await askMany(logged.port, 100)
    const warning = await logged.cli.line('worker-warning')
    expect(warning).toMatchObject({ level: 40, code: 'SUPERVISOR_ACCESS_LOG_TROUBLE' })
    expect(warning.msg).toContain('the access log /dev/full')
    expect(warning.msg).toContain('the disk is full')
    await askMany(logged.port, 100)
    logged.cli.signal('SIGTERM')
    expect(await logged.cli.exit()).toEqual({ code: 0, signal: null })
    const told = logged.cli.events('worker-warning').filter(({ msg }) => msg.includes('the disk is full'))
    expect(told).toHaveLength(1)
  })

  it('gets the lines that were kept when there is room again', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'access.log')
    symlinkSync('/dev/full', path)
    await using logged = await Logged.start(EXPORTS, [], { path })
    await askMany(logged.port, 40)
    await logged.cli.line('worker-warning')
    rmSync(path)
    logged.cli.signal('SIGUSR1')
    expect(many((await logged.lines(40)).map(({ url }) => url))).toEqual(wanted(40))
  })
})

describe('USR1', () => {
  it('opens the file anew in every worker after it was renamed, and not a line is lost', async () => {
    await using logged = await Logged.start(EXPORTS, ['--workers', '2'])
    const { cli, path, port } = logged
    const load = new Load({ port, clients: 4, mode: 'fresh' })
    const files: string[] = [path]
    for (let round = 1; round <= 5; round++) {
      const old = `${path}.${round}`
      renameSync(path, old)
      files.push(old)
      cli.signal('SIGUSR1')
      const note = await cli.line('log-reopened', round)
      expect(note.msg).toBe('SIGUSR1: the workers open the access log anew')
      await until(
        'both workers write to the new file',
        () => new Set(accessIn(logged.text).map(({ pid }) => pid)).size > 1,
      )
      const { length } = readFileSync(old)
      const { total } = load
      await until('more is asked', () => load.total > total + 20)
      expect(readFileSync(old)).toHaveLength(length)
    }
    const tally = await load.end()
    expect(failuresOf(tally)).toEqual(NO_FAILURES)
    cli.signal('SIGTERM')
    await cli.exit()
    const lines = files.flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(0, -1))
    expect(lines.filter((line) => (JSON.parse(line) as Access).status === 200)).toHaveLength(tally.ok)
  })

  it('leaves the old file open where the new one can not be, and says so', async () => {
    using folder = new Folder()
    mkdirSync(join(folder.path, 'log'))
    await using logged = await Logged.start(EXPORTS, [], { path: join(folder.path, 'log/access.log') })
    renameSync(join(folder.path, 'log'), join(folder.path, 'gone'))
    logged.cli.signal('SIGUSR1')
    const warning = await logged.cli.line('worker-warning')
    expect(warning).toMatchObject({ code: 'SUPERVISOR_ACCESS_LOG_TROUBLE' })
    expect(warning.msg).toContain('could not be opened')
    await ask({ port: logged.port, path: '/on' })
    const moved = join(folder.path, 'gone/access.log')
    await until('the old file goes on', () => readFileSync(moved, 'utf8').includes('"/on"'))
  })

  it('reaches the workers of a new generation, which has its own settings', async () => {
    using folder = new Folder()
    const config = (name: string): string =>
      folder.write(
        'supervisor.config.json',
        JSON.stringify({ accessLog: true, accessLogFile: `${folder.path}/${name}` }),
      )
    await using cli = await Cli.serving(['--config', config('one.log'), '--bind', '127.0.0.1:0', fixture(EXPORTS)])
    await ask({ port: cli.port, path: '/one' })
    config('two.log')
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    await ask({ port: cli.port, path: '/two' })
    const urls = (name: string): unknown[] => {
      const path = join(folder.path, name)
      return existsSync(path) ? accessIn(readFileSync(path, 'utf8')).map(({ url }) => url) : []
    }
    await until('both are logged', () => urls('one.log').length > 0 && urls('two.log').length > 0)
    expect([urls('one.log'), urls('two.log')]).toEqual([['/one'], ['/two']])
    renameSync(join(folder.path, 'two.log'), join(folder.path, 'old.log'))
    cli.signal('SIGUSR1')
    await until('the file is there again', () => existsSync(join(folder.path, 'two.log')))
  })
})
