import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { expectOneCause, failureOf } from '../cli/failure.ts'
import { Cli, fixture } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'
import { Exchange, factsOf, GET, GO_ON, POST, UPGRADE } from './exchange.ts'

const EXPORTS = ['--bind', '127.0.0.1:0', fixture('http-handler.mjs')]
const LISTENS = [fixture('http-listen.mjs')]
const APPS = [
  ['exports', EXPORTS],
  ['listens', LISTENS],
] as const

const OK = /^HTTP\/1\.1 200 OK\r\n/

/** Waits until a request that was refused a moment ago is let in: the end of another one takes a turn of the loop. */
async function untilLetIn(port: number): Promise<void> {
  await until('a request is let in', async () => {
    using one = Exchange.to(port).send(GET)
    await until('an answer', () => one.received.includes('\r\n\r\n'))
    return OK.test(one.received)
  })
}

describe.each(APPS)('an app that %s, with --limit-concurrency', (_kind, args) => {
  it('answers 503 beyond the limit, closes that connection, and goes on below', async () => {
    await using cli = await Cli.serving(['--limit-concurrency', '2', ...args])
    using one = Exchange.to(cli.port).send(POST)
    using two = Exchange.to(cli.port).send(POST)
    expect([await one.answer(GO_ON), await two.answer(GO_ON)]).toEqual([GO_ON, GO_ON])
    using three = Exchange.to(cli.port).send(GET)
    const refused = await three.closed()
    expect(refused).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/)
    expect(refused).toMatch(/\r\nRetry-After: 1\r\n/)
    expect(refused).toMatch(/\r\nConnection: close\r\n/)
    expect(await one.send('x').answer()).toMatch(OK)
    await untilLetIn(cli.port)
    expect(await two.send('x').answer()).toMatch(OK)
  })

  it('does not count connections that are idle, and forgets a request that was aborted', async () => {
    await using cli = await Cli.serving(['--limit-concurrency', '1', ...args])
    using kept = Exchange.to(cli.port).send(GET)
    expect(await kept.answer()).toMatch(OK)
    using silent = Exchange.to(cli.port)
    for (let times = 0; times < 3; times++) await untilLetIn(cli.port)
    expect(await kept.send(GET).answer()).toMatch(OK)
    await silent.send(POST).answer(GO_ON)
    expect(await kept.send(GET).closed()).toMatch(/^HTTP\/1\.1 503 /)
    silent.socket.destroy()
    await untilLetIn(cli.port)
  })
})

it('forgets all requests of a client that has sent several at once, and gone', async () => {
  await using cli = await Cli.serving(['--limit-concurrency', '3', fixture('hello.mjs')])
  using eager = Exchange.to(cli.port).send(GET.replace('/', '/slow').repeat(3))
  await until('they are in flight', async () => {
    using other = Exchange.to(cli.port).send(GET)
    return (await other.answer('\r\n\r\n')).startsWith('HTTP/1.1 503 ')
  })
  eager.socket.destroy()
  await untilLetIn(cli.port)
})

it('counts the headers that a client has sent, whatever is added to them or taken away', async () => {
  const args = ['--max-headers', '3', '--request-id', ...EXPORTS]
  await using cli = await Cli.serving(args)
  const head = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
  using three = Exchange.to(cli.port).send(`${head}A: 1\r\n\r\n`)
  expect(await three.closed()).toMatch(OK)
  using four = Exchange.to(cli.port).send(`${head}A: 1\r\nB: 1\r\n\r\n`)
  expect(await four.closed()).toMatch(/^HTTP\/1\.1 431 /)
})

it('has the headers in its refusals that all responses are to have', async () => {
  const headers = ['--header', 'X-Zone: north', '--request-id']
  await using cli = await Cli.serving(['--limit-concurrency', '1', ...headers, ...EXPORTS])
  using busy = Exchange.to(cli.port).send(POST)
  await busy.answer(GO_ON)
  using other = Exchange.to(cli.port).send(GET)
  const refused = await other.closed()
  expect(refused).toMatch(/^HTTP\/1\.1 503 /)
  expect(refused).toMatch(/\r\nX-Zone: north\r\n/)
  expect(refused).toMatch(/\r\nX-Request-Id: \S+\r\n/)
})

it('refuses an upgrade beyond the limit, but an upgraded connection does not count', async () => {
  await using cli = await Cli.serving(['--limit-concurrency', '1', ...LISTENS])
  using upgraded = Exchange.to(cli.port).send(UPGRADE)
  expect(await upgraded.answer('\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /)
  using busy = Exchange.to(cli.port).send(POST)
  await busy.answer(GO_ON)
  using other = Exchange.to(cli.port).send(UPGRADE)
  const refused = await other.closed()
  expect(refused).toMatch(/^HTTP\/1\.1 503 /)
  expect(refused).toMatch(/\r\nRetry-After: 1\r\n/)
  expect(refused).toMatch(/\r\nConnection: close\r\n\r\n$/)
  expect(await upgraded.send('hello').answer('hello')).toBe('hello')
  expect(await busy.send('x').answer()).toMatch(OK)
})

describe.each(APPS)('the head of a request to an app that %s', (_kind, args) => {
  it('is refused where it has more headers than --max-headers says', async () => {
    await using cli = await Cli.serving(['--max-headers', '40', ...args])
    const withHeaders = (count: number): string => {
      const lines = Array.from({ length: count - 1 }, (_, index) => `X-${index}: x\r\n`)
      return `GET / HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n`
    }
    using one = Exchange.to(cli.port).send(withHeaders(40))
    expect(factsOf(await one.answer()).headers).toBe(40)
    for (const count of [41, 42, 64, 65, 100, 400]) {
      using other = Exchange.to(cli.port).send(withHeaders(count))
      const refused = await other.closed()
      expect(refused).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/)
      expect(refused).toMatch(/\r\nConnection: close\r\n/)
    }
  })

  it('is refused where it is longer than --max-header-size says, and let in up to it', async () => {
    await using cli = await Cli.serving(['--max-header-size', '40000', ...args])
    const ofSize = (size: number): string => GET.replace('\r\n\r\n', `\r\nX-Long: ${'x'.repeat(size)}\r\n\r\n`)
    using one = Exchange.to(cli.port).send(ofSize(39_000))
    expect(await one.answer()).toMatch(OK)
    using other = Exchange.to(cli.port).send(ofSize(41_000))
    expect(await other.closed()).toMatch(/^HTTP\/1\.1 431 /)
  })
})

describe.each(APPS)('a client of an app that %s, and is too slow', (_kind, args) => {
  it('is told so after --timeout-headers', async () => {
    await using cli = await Cli.serving(['--timeout-headers', '0.3', ...args])
    using slow = Exchange.to(cli.port).send('GET / HTTP/1.1\r\n')
    expect(await slow.closed()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
  })

  it('is told so after --timeout-request, although the head came in time', async () => {
    await using cli = await Cli.serving(['--timeout-request', '0.3', ...args])
    using slow = Exchange.to(cli.port).send(POST)
    await slow.answer(GO_ON)
    expect(await slow.closed()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
  })
})

/** What a server promises in its answers. */
async function keepAliveOf(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  await using cli = await Cli.serving(args, { env })
  using one = Exchange.to(cli.port).send(GET)
  return /\r\nKeep-Alive: (?<promise>[^\r]*)\r\n/.exec(await one.answer())?.groups?.['promise'] ?? ''
}

describe('an idle connection', () => {
  it.each([
    ['5 s by an app that exports', EXPORTS, {}, 'timeout=5'],
    ['as long as is chosen by an app that exports', ['--timeout-keep-alive', '7', ...EXPORTS], {}, 'timeout=7'],
    ['as long as an app that listens has it', LISTENS, { KEEP_ALIVE: '9000' }, 'timeout=9'],
    [
      'as long as is chosen, whatever an app that listens has it',
      ['--timeout-keep-alive', '7', ...LISTENS],
      { KEEP_ALIVE: '9000' },
      'timeout=7',
    ],
  ])('is kept %s', async (_what, args, env, promise) => {
    expect(await keepAliveOf(args, env)).toBe(promise)
  })

  it('ends after that time', async () => {
    await using cli = await Cli.serving(['--timeout-keep-alive', '0.2', ...EXPORTS])
    using one = Exchange.to(cli.port).send(GET)
    await one.answer()
    await one.closed()
  })

  it('that is kept for longer than a stop takes is warned of', async () => {
    await using cli = await Cli.serving(['--timeout-keep-alive', '60', ...EXPORTS])
    expect(await cli.line('worker-warning')).toMatchObject({ code: 'SUPERVISOR_KEEP_ALIVE_TOO_LONG' })
  })
})

/** How many of some connections the kernel refuses to a Unix socket whose worker takes none in. */
async function refusedBy(args: readonly string[]): Promise<number> {
  using folder = new Folder()
  const path = `${folder.path}/app.sock`
  const env = { APP_SOCKET: path }
  await using cli = await Cli.serving(
    args.map((arg) => (arg === '127.0.0.1:0' ? `unix:${path}` : arg)),
    { env },
  )
  const [pid = 0] = cli.workerPids
  process.kill(pid, 'SIGSTOP')
  await until('the worker has stopped', () => / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
  const sockets = Array.from({ length: 20 }, () => new Exchange(connect(path)))
  await until('all have been answered by the kernel', () =>
    sockets.every(({ socket, error }) => error !== null || socket.readyState === 'open'),
  )
  const refused = sockets.filter(({ error }) => error?.code === 'EAGAIN')
  for (const { socket } of sockets) socket.destroy()
  return refused.length
}

describe.each(APPS)('--backlog, for an app that %s,', (_kind, args) => {
  it('is how many connections wait for a worker', async () => {
    // The kernel lets one more wait.
    expect(await refusedBy(['--spares', '0', '--backlog', '4', ...args])).toBe(15)
    expect(await refusedBy(['--spares', '0', ...args])).toBe(0)
  })
})

it('warns of a backlog that the kernel cuts down, once', async () => {
  const most = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))
  await using cli = await Cli.serving(['--workers', '2', '--backlog', String(most + 1), ...EXPORTS])
  const warnings = cli.events('warning').filter(({ code }) => code === 'SUPERVISOR_BACKLOG_CUT')
  expect(warnings.map(({ msg }) => msg)).toEqual([expect.stringContaining(`not ${most + 1} (--backlog)`)])
})

it.each([
  [['--timeout-headers', '10', '--timeout-request', '5'], '--timeout-headers 10 is longer than --timeout-request 5:'],
  [['--timeout-headers', '301'], '--timeout-headers 301 is longer than --timeout-request 300, which is the default:'],
  [['--timeout-keep-alive', '0'], '--timeout-keep-alive 0:'],
  [['--limit-concurrency', '0'], '--limit-concurrency 0:'],
  [['--max-header-size', '10'], '--max-header-size 10:'],
  [['--backlog', '-1'], '--backlog -1:'],
])('%j is refused by name', async (args, cause) => {
  const failure = await failureOf([...args, ...LISTENS])
  expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
  expect(failure.stderr).toContain(`supervisor: ${cause}`)
})
