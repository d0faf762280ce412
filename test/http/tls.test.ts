import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { visit } from '../apps/tls-visit.ts'
import { makeCertificate } from '../harness/certificate.ts'
import { liveMembers } from '../harness/cli.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'
import { Exchange, GET, UPGRADE } from './exchange.ts'
import { askOver, Client, Secured } from './secured.ts'

const HANDLER = '(request, response) => response.end(request.url + " " + request.socket.encrypted + "}")'
const ECHO = `(request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: echo\\r\\nConnection: Upgrade\\r\\n\\r\\n')
  socket.pipe(socket)
}`

describe('an app that exports', () => {
  it.each([
    ['a handler', `export default ${HANDLER}`],
    ['fetch(request)', `export default { fetch: (request) => new Response(new URL(request.url).pathname + ' true}') }`],
    ['a Koa app', `export default { use() {}, callback: () => ${HANDLER} }`],
    [
      'a Fastify app',
      `import { createServer } from 'node:http'
       const routing = ${HANDLER}
       export default { ready: async () => {}, routing, server: createServer(routing) }`,
    ],
    ['an http.Server', `import { createServer } from 'node:http'; export default createServer(${HANDLER})`],
  ])('%s is served over TLS, on every address', async (_what, code) => {
    using secured = new Secured()
    await using cli = await secured.serve(['--bind', '127.0.0.1:0'], code)
    for (const { address } of cli.events('listener-bound')) {
      const port = Number(String(address).split(':').at(-1))
      using one = await Exchange.secure(port, { ca: secured.current.cert })
      expect(await one.send(GET).answer()).toMatch(/^HTTP\/1\.1 200 [^]*\/ true\}/)
    }
    expect(cli.events('listener-bound')).toHaveLength(2)
  })

  it.each([[[]], [['--http2']]])(
    'an http.Server with its upgrades and settings is served over TLS %j',
    async (args) => {
      using secured = new Secured()
      const code = `
      import { createServer } from 'node:http'
      const server = createServer(${HANDLER}).on('upgrade', ${ECHO})
      server.keepAliveTimeout = 9000
      export default server`
      await using cli = await secured.serve(args, code)
      using one = await Exchange.secure(cli.port, { ca: secured.current.cert, ALPNProtocols: ['http/1.1'] })
      expect(await one.send(GET).answer()).toContain('\r\nKeep-Alive: timeout=9\r\n')
      expect(await one.send(UPGRADE).answer('\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /)
      expect(await one.send('hello').answer('hello')).toBe('hello')
    },
  )

  it.each([[[]], [['--http2']]])('is served over TLS where node:cluster hands connections out %j', async (args) => {
    using secured = new Secured()
    const port = await freePort()
    await using _ = await secured.serve([
      ...args,
      '--workers',
      '2',
      '--accept',
      'cluster',
      '--bind',
      `127.0.0.1:${port}`,
    ])
    const pids = new Set<number>()
    await until('both workers have answered', async () => {
      pids.add((await askOver(port, { ca: secured.current.cert })).pid)
      return pids.size === 2
    })
  })

  it('is served over TLS although it also listens, for something else, where --mode export says so', async () => {
    using secured = new Secured()
    const code = `
      import { createServer } from 'node:http'
      createServer((request, response) => response.end('metrics}')).listen(0, '127.0.0.1')
      export default ${HANDLER}`
    await using cli = await secured.serve(['--mode', 'export'], code)
    const ports = cli.events('listener-bound').map(({ address }) => Number(String(address).split(':').at(-1)))
    const served = ports.map(async (port) => {
      using one = await Exchange.secure(port, { ca: secured.current.cert })
      return await one.send(GET).answer()
    })
    const answers = await Promise.allSettled(served)
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it.each([[[]], [['--http2']]])('has its clients within limits %j', async (args) => {
    using secured = new Secured()
    const limits = ['--timeout-headers', '2', '--max-header-size', '2000']
    await using cli = await secured.serve([...args, ...limits])
    const options = { ca: secured.current.cert }
    using slow = await Exchange.secure(cli.port, options)
    expect(await slow.send('GET / HTTP/1.1\r\n').closed()).toMatch(/^HTTP\/1\.1 408 /)
    using large = await Exchange.secure(cli.port, options)
    const head = GET.replace('\r\n\r\n', `\r\nX-Long: ${'x'.repeat(3000)}\r\n\r\n`)
    expect(await large.send(head).closed()).toMatch(/^HTTP\/1\.1 431 /)
    expect(await askOver(cli.port, options)).toMatchObject({ version: '1.1' })
  })

  it.each([[[]], [['--http2']]])('is ready over TLS when --ready-path says so %j', async (args) => {
    using secured = new Secured()
    await using cli = await secured.serve([...args, '--ready-path', '/health'])
    expect(cli.workerPids).toHaveLength(1)
  })
})

it('keeps the private key out of the environment and the arguments of every process', async () => {
  using secured = new Secured()
  await using cli = await secured.serve(['--workers', '2', '--spares', '2'])
  await until('spares wait', () => liveMembers(cli.pid).length === 5)
  const secret = secured.current.key.split('\n')[1] ?? ''
  expect(secret.length).toBeGreaterThan(40)
  for (const pid of liveMembers(cli.pid)) {
    for (const file of ['environ', 'cmdline']) {
      expect(readFileSync(`/proc/${pid}/${file}`, 'utf8')).not.toContain(secret)
    }
  }
})

describe('--tls-min-version', () => {
  it.each([
    [[], ['TLSv1.2', 'TLSv1.3']],
    [['--tls-min-version', '1.3'], ['TLSv1.3']],
  ])('%j lets in %j', async (args, versions) => {
    using secured = new Secured()
    await using cli = await secured.serve(args)
    const spoken: string[] = []
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { ca: secured.current.cert, minVersion: version, maxVersion: version }
      await askOver(cli.port, options).then(
        () => spoken.push(version),
        () => {},
      )
    }
    expect(spoken).toEqual(versions)
  })
})

describe('--tls-client-auth', () => {
  const authority = makeCertificate('authority')
  const known = makeCertificate('known', { issuer: authority })
  const stranger = makeCertificate('stranger')

  it.each([
    ['required', [], { nobody: null, known: ['known', true], stranger: null }],
    ['required', ['--http2'], { nobody: null, known: ['known', true], stranger: null }],
    ['optional', [], { nobody: [null, false], known: ['known', true], stranger: null }],
    ['optional', ['--http2'], { nobody: [null, false], known: ['known', true], stranger: null }],
  ])('%s %j lets in who has a certificate of --tls-ca, and a stranger never', async (mode, args, expected) => {
    using secured = new Secured()
    const ca = secured.folder.write('ca.pem', authority.cert)
    await using cli = await secured.serve(['--tls-ca', ca, '--tls-client-auth', mode, ...args])
    const options = { ca: secured.current.cert }
    const over = (own: object): Promise<unknown> =>
      askOver(cli.port, { ...options, ...own }).then(
        ({ peer, isVerified }) => [peer, isVerified],
        () => null,
      )
    const seen = {
      nobody: await over({}),
      known: await over({ cert: known.cert, key: known.key }),
      stranger: await over({ cert: stranger.cert, key: stranger.key }),
    }
    expect(seen).toEqual(expected)
    if (args.length === 0) return
    const over2 = async (own: object): Promise<unknown> => {
      using client = new Client(cli.port, { ...options, ...own })
      return await client.ask().then(
        ({ body }) => (JSON.parse(body) as { readonly peer: string | null }).peer,
        () => 'refused',
      )
    }
    expect(await over2({ cert: known.cert, key: known.key })).toBe('known')
    expect(await over2({ cert: stranger.cert, key: stranger.key })).toBe('refused')
  })
})

describe('sessions', () => {
  it('resume in every worker, and after a reload', async () => {
    using secured = new Secured()
    await using cli = await secured.serve(['--workers', '2'])
    const first = await visit(cli.port, 'TLSv1.2')
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    const seen = new Set<number>()
    await until('both new workers have been visited', async () => {
      const { session, isResumed } = await visit(cli.port, 'TLSv1.2', first.session)
      expect([isResumed, session]).toEqual([true, first.session])
      const { pid } = await askOver(cli.port, { ca: secured.current.cert })
      seen.add(pid)
      return seen.size === 2
    })
  })

  it('do not resume where clients are judged differently since', async () => {
    using secured = new Secured()
    const before = makeCertificate('before')
    const ca = secured.folder.write('ca.pem', before.cert)
    await using cli = await secured.serve(['--tls-ca', ca, '--tls-client-auth', 'optional'])
    const first = await visit(cli.port, 'TLSv1.2')
    expect((await visit(cli.port, 'TLSv1.2', first.session)).isResumed).toBe(true)
    secured.folder.write('ca.pem', makeCertificate('after').cert)
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    expect((await visit(cli.port, 'TLSv1.2', first.session)).isResumed).toBe(false)
  })
})

describe('in development', () => {
  it('broken code shows itself over TLS', async () => {
    using secured = new Secured()
    await using cli = await secured.serve(['--reload'], `export default ${HANDLER}`)
    secured.folder.write('app.mjs', 'export default oops')
    await cli.line('broken')
    const page = await until('the page is shown', async () => {
      using one = await Exchange.secure(cli.port, { ca: secured.current.cert })
      one.send(GET)
      await until('an answer', () => one.received.includes('\r\n\r\n') || one.isClosed)
      return one.received.startsWith('HTTP/1.1 503 ') && (await one.closed())
    })
    expect(page).toContain('oops is not defined')
  })
})
