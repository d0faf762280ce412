import { describe, expect, it } from 'vitest'
import { expectOneCause, failureOf } from '../cli/failure.ts'
import { Cli, fixture } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'
import { accessIn, get, Logged, Raw } from './access.ts'

const EXPORTS = 'access-log.mjs'
const LISTENS = 'access-log-listens.mjs'

describe.each([EXPORTS, LISTENS])('the access log of %s', (app) => {
  it('has a line of JSON for each request, with what the client has sent', async () => {
    await using logged = await Logged.start(app)
    const headers = { 'User-Agent': 'test/1', Referer: 'http://a.example/', 'X-Request-ID': 'abc' }
    await ask({ port: logged.port, path: '/a?b=c', headers })
    const [line] = await logged.lines(1)
    expect(line).toEqual({
      event: 'request',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      client: '127.0.0.1',
      method: 'GET',
      url: '/a?b=c',
      protocol: 'HTTP/1.1',
      status: 200,
      bytes: 5,
      duration: expect.any(Number) as number,
      aborted: false,
      userAgent: 'test/1',
      referer: 'http://a.example/',
      worker: 0,
      generation: 1,
      pid: logged.cli.workerPids[0],
      requestId: 'abc',
    })
    expect(Math.abs(Date.parse(line?.time ?? '') - Date.now())).toBeLessThan(60_000)
    expect(logged.cli.stdout).not.toContain('"event":"request"')
  })

  it('tells of the client that a trusted proxy names, and of no other', async () => {
    await using trusting = await Logged.start(app)
    const headers = { 'X-Forwarded-For': '203.0.113.9' }
    await ask({ port: trusting.port, headers })
    expect(await trusting.lines(1)).toEqual([expect.objectContaining({ client: '203.0.113.9' })])
    await using wary = await Logged.start(app, ['--forwarded-allow-ips', 'none', '--request-id'])
    await ask({ port: wary.port, headers: { ...headers, 'X-Request-ID': 'forged' } })
    const [line] = await wary.lines(1)
    expect(line?.['client']).toBe('127.0.0.1')
    expect(line?.['requestId']).toMatch(/^[\da-f-]{36}$/)
  })

  it('counts the bytes of the body, however it is written', async () => {
    await using logged = await Logged.start(app)
    const { port } = logged
    for (const path of ['/chunks', '/204', '/head', '/stream']) await ask({ port, path })
    await ask({ port, path: '/chunks', method: 'HEAD' })
    const lines = await logged.lines(5)
    expect(lines.map(({ url, status, bytes }) => [url, status, bytes])).toEqual([
      ['/chunks', 200, 12],
      ['/204', 204, 0],
      ['/head', 201, 4],
      ['/stream', 200, 10_000_000],
      ['/chunks', 200, 0],
    ])
  })

  it('has pipelined requests one by one', async () => {
    await using logged = await Logged.start(app)
    using raw = new Raw(logged.port, get('/chunks') + get('/2') + get('/3', 'Connection: close'))
    await raw.closed()
    const lines = await logged.lines(3)
    expect(lines.map(({ url, bytes }) => [url, bytes])).toEqual([
      ['/chunks', 12],
      ['/2', 5],
      ['/3', 5],
    ])
  })

  it('says who did not wait for the answer', async () => {
    await using logged = await Logged.start(app)
    using early = new Raw(logged.port, get('/never'))
    using late = new Raw(logged.port, get('/begun'))
    await late.hears('begun')
    late.socket.destroy()
    const [begun] = await logged.lines(1)
    expect(begun).toMatchObject({ url: '/begun', status: 200, bytes: 5, aborted: true })
    early.socket.destroy()
    expect((await logged.lines(2))[1]).toMatchObject({ url: '/never', status: null, bytes: 0, aborted: true })
  })
})

describe('lines of text', () => {
  it.each([
    ['common', /^127\.0\.0\.1 - ann \[\d\d\/[A-Z][a-z]{2}\/\d{4}(:\d\d){3} [+-]\d{4}\] "GET \/a\?b HTTP\/1\.1" 200 5$/],
    ['combined', / "GET \/a\?b HTTP\/1\.1" 200 5 "http:\/\/a\.example\/" "test\/1 \\x22q\\x22"$/],
    ['pretty', /^\[(\d\d:){2}\d\d\.\d{3}\] GET \/a\?b 200 5 B \d+\.\d ms$/],
  ])('in the format %s', async (format, expected) => {
    await using logged = await Logged.start(EXPORTS, ['--access-log-format', format])
    const authorization = `Basic ${Buffer.from('ann:secret').toString('base64')}`
    const headers = { 'User-Agent': 'test/1 "q"', Referer: 'http://a.example/', authorization }
    await ask({ port: logged.port, path: '/a?b', headers })
    const lines = await logged.texts(1)
    expect(lines).toEqual([expect.stringMatching(expected)])
    expect(lines[0]).not.toContain('secret')
  })

  it("with gunicorn's atoms", async () => {
    const format =
      '%(h)s|%(l)s|%(m)s|%(U)s|%(q)s|%(H)s|%(s)s|%(B)s|%(p)s|%({X-One}i)s|%({x-made}o)s|%({ATOM}e)s|100%%|%({no}i)s'
    const env = { ATOM: 'from the environment' }
    await using logged = await Logged.start(EXPORTS, ['--access-log-format', format], { env })
    await ask({ port: logged.port, path: '/head?q=1?2', headers: { 'x-one': '1' } })
    const [pid] = logged.cli.workerPids
    expect(await logged.texts(1)).toEqual([
      `127.0.0.1|-|GET|/head|q=1?2|HTTP/1.1|201|4|<${pid}>|1|in\\x20\\x22writeHead\\x22|from\\x20the\\x20environment|100%|-`,
    ])
  })

  it('with times in all units', async () => {
    await using logged = await Logged.start(EXPORTS, ['--access-log-format', '%(T)s %(M)s %(D)s %(L)s %(b)s'])
    await ask({ port: logged.port, path: '/204' })
    expect(await logged.texts(1)).toEqual([expect.stringMatching(/^\d+ \d+ \d+ \d+\.\d{6} -$/)])
  })

  it('have 499 for who did not wait', async () => {
    await using logged = await Logged.start(EXPORTS, ['--access-log-format', '%(s)s %(U)s'])
    using raw = new Raw(logged.port, get('/begun'))
    await raw.hears('begun')
    raw.socket.destroy()
    expect(await logged.texts(1)).toEqual(['499 /begun'])
  })
})

describe('what a client sends', () => {
  const EVIL = '/a"b\\c'
  const AGENT = 'x" 200 5 "\\" \x85\x9b2J\u00ad\t{"event":"request"}'

  it.each(['json', 'pretty', 'combined', '%(r)s %(U)s %(a)s %({user-agent}i)s %(u)s'])(
    'can not forge a line, nor reach the terminal: %s',
    async (format) => {
      await using logged = await Logged.start(EXPORTS, ['--access-log-format', format])
      const user = Buffer.from('ann [x] "\r\n\u202e\u2028:').toString('base64')
      using raw = new Raw(
        logged.port,
        get(EVIL, `User-Agent: ${AGENT}`, `Authorization: Basic ${user}`, 'Connection: close'),
      )
      await raw.closed()
      expect(raw.heard).toContain(' 200 OK')
      await ask({ port: logged.port, path: '/after' })
      const lines = await logged.texts(2)
      expect(lines).toHaveLength(2)
      expect(lines[0]).toMatch(/^[\x20-\x7e]+$/)
      expect(lines[1]).toContain('/after')
      if (format === 'json') {
        expect(JSON.parse(lines[0] ?? '')).toMatchObject({ url: EVIL, userAgent: AGENT, status: 200 })
        return
      }
      expect(lines[0]).toContain('/a\\x22b\\x5Cc')
      if (format !== 'pretty') expect(lines[0]).toContain('\\x85\\x9B2J\\xAD\\x09{\\x22event')
      if (format.includes('%(u)s'))
        expect(lines[0]).toMatch(/ ann\\x20\[x\]\\x20\\x22\\x0D\\x0A\\xE2\\x80\\xAE\\xE2\\x80\\xA8$/)
      if (format === 'combined') expect(lines[0]?.split('"')).toHaveLength(7)
    },
  )
})

describe('--access-log', () => {
  it('is off unless it is asked for', async () => {
    await using cli = await Cli.serving(['--bind', '127.0.0.1:0', fixture(EXPORTS)])
    await ask({ port: cli.port })
    cli.signal('SIGTERM')
    await cli.exit()
    expect(cli.stdout).not.toContain('"event":"request"')
  })

  it('is on with --reload, unless it is turned off', async () => {
    await using on = await Cli.serving(['--reload', '--bind', '127.0.0.1:0', fixture(EXPORTS)])
    await ask({ port: on.port, path: '/on' })
    await until('the line is there', () => accessIn(on.stdout).some(({ url }) => url === '/on'))
    await using off = await Cli.serving(['--reload', '--no-access-log', '--bind', '127.0.0.1:0', fixture(EXPORTS)])
    await ask({ port: off.port, path: '/off' })
    off.signal('SIGTERM')
    await off.exit()
    expect(off.stdout).not.toContain('"event":"request"')
  })

  it('tells of the requests that the supervisor has answered, and not of its own', async () => {
    await using logged = await Logged.start(EXPORTS, ['--ready-path', '/ready', '--shutdown-delay', '60'])
    expect(logged.text).toBe('')
    logged.cli.signal('SIGTERM')
    await until(
      'it is not ready any more',
      async () => (await ask({ port: logged.port, path: '/ready' })).status === 503,
    )
    const lines = await until('the refusal is logged', async () => {
      const all = await logged.lines(1)
      return all.some(({ status }) => status === 503) && all
    })
    expect(lines.at(-1)).toMatchObject({ url: '/ready', status: 503, bytes: 'shutting down'.length })
  })
})

describe('--access-log-file', () => {
  it.each(['--log-level=info', '--check-config'])(
    'that can not be is refused before anything starts: %s',
    async (flag) => {
      using folder = new Folder()
      for (const [path, problem] of [
        [`${folder.path}/nowhere/a.log`, `there is no folder ${folder.path}/nowhere.`],
        [folder.path, 'is a directory.'],
      ] as const) {
        const failure = await failureOf(['--access-log', '--access-log-file', path, flag, fixture(EXPORTS)])
        expectOneCause(failure, { exitCode: flag === '--check-config' ? 1 : 2, code: 'SUPERVISOR_LOG_FILE' })
        expect(failure.stderr).toContain(`the access log file ${path} `)
        expect(failure.stderr).toContain(problem)
      }
    },
  )

  it('- is standard output', async () => {
    await using cli = await Cli.serving([
      '--bind',
      '127.0.0.1:0',
      '--access-log',
      '--access-log-file=-',
      fixture(EXPORTS),
    ])
    await ask({ port: cli.port, path: '/x' })
    await until('the line is there', () => accessIn(cli.stdout).some(({ url }) => url === '/x'))
  })
})
