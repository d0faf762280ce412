import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { ascending, everyone } from '../apps/everyone.ts'
import { fixture, type Cli } from '../harness/cli.ts'
import { ask, type AskOptions } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { APPS } from './apps.ts'
import { askSecurely, secureServerOf } from './https.ts'
import { Project } from './project.ts'

const TWO_ADDRESSES = ['--bind', '127.0.0.1:0', '--bind', '127.0.0.1:0']

it.each(Object.entries(APPS))('serves %s from every worker, on every --bind', async (_what, source) => {
  using project = new Project({ 'app.mjs': source }, 'frameworks')
  await using cli = await project.serving(['--workers', '2', ...TWO_ADDRESSES, 'app.mjs'])
  const ports = portsOf(cli)
  expect(new Set(ports).size).toBe(2)
  for (const port of ports) expect(await pids({ port, path: '/hello' })).toEqual(ascending(cli.workerPids))
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(cli.stderr).toBe('')
})

it('serves an https.Server on every --bind, with its own certificate', async () => {
  using project = new Project({ 'app.mjs': secureServerOf(`response.end(process.pid + ' ' + request.url)`) })
  await using cli = await project.serving([...TWO_ADDRESSES, 'app.mjs'])
  for (const port of portsOf(cli)) {
    expect(await askSecurely(port, '/secret')).toBe(`${cli.workerPids[0]} /secret`)
  }
})

it('serves Fastify with its certificate and its timeouts on every --bind', async () => {
  const source = `
    import { readFileSync } from 'node:fs'
    import Fastify from 'fastify'
    const folder = ${JSON.stringify(fixture('tls'))}
    const https = { key: readFileSync(folder + '/key.pem'), cert: readFileSync(folder + '/cert.pem') }
    const app = Fastify({ https })
    app.get('/', async (request) => request.protocol)
    export default app`
  using project = new Project({ 'app.mjs': source }, 'frameworks')
  await using cli = await project.serving([...TWO_ADDRESSES, 'app.mjs'])
  for (const port of portsOf(cli)) expect(await askSecurely(port, '/')).toBe('https')
})

it('loses no request of a second address when it stops', async () => {
  const source = `
    import Fastify from 'fastify'
    import { existsSync } from 'node:fs'
    const app = Fastify({ keepAliveTimeout: 500 })
    app.get('/', async () => {
      console.log('asked')
      while (!existsSync('gate')) await new Promise((resolve) => setTimeout(resolve, 10))
      return 'answered'
    })
    export default app`
  using project = new Project({ 'app.mjs': source }, 'frameworks')
  await using cli = await project.serving([...TWO_ADDRESSES, 'app.mjs'])
  const answers = Promise.all(portsOf(cli).map((port) => ask({ port })))
  await until('both requests have arrived', () => cli.stdout.split('asked').length === 3)
  cli.signal('SIGTERM')
  await cli.line('stopping')
  project.write('gate', '')
  expect((await answers).map(({ body }) => body)).toEqual(['answered', 'answered'])
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it('gives fetch(request) the URL, the headers and the body, and streams the answer', async () => {
  const source = `
    export default {
      async fetch(request) {
        const { pathname, search, host } = new URL(request.url)
        if (pathname === '/echo') {
          const facts = { method: request.method, search, host, color: request.headers.get('x-color'), body: await request.text() }
          return Response.json(facts, { status: 201, headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2']] })
        }
        if (pathname === '/go-on') return globalThis.goOn().then(() => new Response())
        const { readable, writable } = new TransformStream()
        const writer = writable.getWriter()
        const encoder = new TextEncoder()
        void writer.write(encoder.encode('first'))
        globalThis.goOn = () => writer.write(encoder.encode('second')).then(() => writer.close())
        return new Response(readable)
      },
    }`
  using project = new Project({ 'app.mjs': source })
  await using cli = await project.serving(['--bind', '127.0.0.1:0', 'app.mjs'])
  const { port } = cli
  const headers = { 'x-color': 'blue', host: 'example.org' }
  const echo = await ask({ port, path: '/echo?q=1', method: 'POST', send: 'a body', headers })
  const facts = { method: 'POST', search: '?q=1', host: 'example.org', color: 'blue', body: 'a body' }
  expect(JSON.parse(echo.body)).toEqual(facts)
  expect(echo).toMatchObject({ status: 201, headers: { 'set-cookie': ['a=1', 'b=2'] } })

  // The first piece arrives while the app still writes.
  const pieces: string[] = []
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('utf8').on('data', (piece) => pieces.push(String(piece)))
  socket.write('GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until('the first piece has come', () => pieces.join('').includes('first'))
  expect(pieces.join('')).not.toContain('second')
  await ask({ port, path: '/go-on' })
  await until('the second piece has come', () => pieces.join('').includes('second'))
  socket.destroy()
})

it('answers 500 for a fetch(request) that throws, and goes on', async () => {
  const source = `
    export default {
      fetch(request) {
        if (request.url.endsWith('/bad')) throw new Error('thrown')
        if (request.url.endsWith('/worse')) return Promise.reject(new Error('rejected'))
        return new Response('good')
      },
    }`
  using project = new Project({ 'app.mjs': source })
  await using cli = await project.serving(['--bind', '127.0.0.1:0', 'app.mjs'])
  expect((await ask({ port: cli.port, path: '/bad' })).status).toBe(500)
  expect((await ask({ port: cli.port, path: '/worse' })).status).toBe(500)
  expect((await ask({ port: cli.port, path: '/good' })).body).toBe('good')
  expect(cli.events('worker-exited')).toEqual([])
  expect(cli.stderr).toMatch(/Error: thrown\n\s+at .*app\.mjs/)
  expect(cli.stderr).toContain('Error: rejected')
})

/** The ports of all addresses. */
function portsOf(cli: Cli): number[] {
  return cli.events('listener-bound').map((line) => Number(String(line['address']).split(':').at(-1)))
}

/** Who answers. Each answer names the path too. */
async function pids(options: AskOptions): Promise<number[]> {
  const answers = await everyone(2, async () => {
    const { body, error } = await ask(options)
    const [pid = '', path] = body.split(' ')
    if (path !== options.path) throw new Error(`the answer is ${body} ${error ?? ''}`)
    return { pid: Number(pid) }
  })
  return ascending(answers.map(({ pid }) => pid))
}
