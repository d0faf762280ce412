import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { secureServerOf } from '../frameworks/https.ts'
import { Project } from '../frameworks/project.ts'
import { NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'

const PATH = ['--ready-path', '/ready']
const BIND = ['--bind', '127.0.0.1:0']

/** Answers 503 until there is a file of that name, and writes down who was asked. */
const HANDLER = `
  import { appendFileSync, existsSync } from 'node:fs'
  const answer = (request, response) => {
    if (request.url !== '/ready') return response.end('served')
    const gate = existsSync('gate') || existsSync('gate-' + process.env.SUPERVISOR_WORKER_INDEX)
    appendFileSync('asked', process.pid + ' ' + (gate ? 204 : 503) + '\\n')
    response.writeHead(gate ? 204 : 503).end()
  }`
const LISTENS = `
  import { createServer } from 'node:http'
  ${HANDLER}
  createServer(answer).listen(0, '127.0.0.1')`

it.each([
  ['listens', LISTENS, []],
  ['exports', `${HANDLER}\n export default answer`, BIND],
  [
    'exports an object with fetch(request)',
    `
    import { appendFileSync, existsSync } from 'node:fs'
    export default {
      fetch(request) {
        if (new URL(request.url).pathname !== '/ready') return new Response('served')
        const status = existsSync('gate') ? 204 : 503
        appendFileSync('asked', process.pid + ' ' + status + '\\n')
        return new Response(null, { status })
      },
    }`,
    BIND,
  ],
])('an app that %s is not ready before the path answers below 400', async (_what, source, args) => {
  using project = new Project({ 'app.mjs': source })
  await using cli = project.start(['--workers', '2', ...PATH, ...args, 'app.mjs'])
  await until('both have refused', () => new Set(asked(project).map(([pid]) => pid)).size === 2)
  expect(cli.events('worker-ready')).toEqual([])
  project.write('gate', '')
  await cli.line('serving')
  expect((await ask({ port: cli.port })).body).toBe('served')
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it('each worker is asked for itself: one that is ready does not answer for the other', async () => {
  using project = new Project({ 'app.mjs': LISTENS })
  await using cli = project.start(['--workers', '2', ...PATH, 'app.mjs'])
  project.write('gate-0', '')
  const first = await cli.line('worker-ready')
  expect(first['index']).toBe(0)
  const refusals = (): number => asked(project).filter(([, status]) => status === '503').length
  const before = refusals()
  await until('the other one has refused some more', () => refusals() > before + 2)
  expect(cli.events('worker-ready')).toHaveLength(1)
  // Nobody else is asked for it: the one that is ready was asked until it was.
  const answered = asked(project).filter(([, status]) => status === '204')
  expect(answered).toEqual([[String(first.workerPid), '204']])
  project.write('gate-1', '')
  await cli.line('serving')
})

it.each([
  ['a status', 'response.writeHead(500).end()', '/ready answered 500'],
  ['no answer', '', '/ready has not answered'],
  ['a connection that is closed', 'response.destroy()', '/ready: socket hang up'],
])('the boot timeout names the path and what was wrong with it: %s', async (_what, answer, says) => {
  const source = `
    import { createServer } from 'node:http'
    createServer((request, response) => { ${answer} }).listen(0, '127.0.0.1')`
  using project = new Project({ 'app.mjs': source })
  await using cli = project.start(['--workers', '2', ...PATH, '--boot-timeout', '2', 'app.mjs'])
  expect(await cli.exit()).toEqual({ code: 3, signal: null })
  expect(cli.stderr).toContain('SUPERVISOR_APP_NEVER_LISTENED')
  expect(cli.stderr).toMatch(/app\.mjs listens, but was not ready within 2(\.\d)? s/)
  expect(cli.stderr).toContain(says)
})

it.each([
  ['listens', `server.listen(0, '127.0.0.1')`, []],
  ['is exported', '', BIND],
])('asks an https server too, which %s', async (_what, more, args) => {
  const source = secureServerOf(
    `response.writeHead(request.url === '/ready' && request.socket.encrypted ? 200 : 418).end()`,
  )
  using project = new Project({
    'app.mjs': `${source.replace('export default', 'const server =')}\nexport default server\n${more}`,
  })
  await using cli = await project.serving([...PATH, ...args, 'app.mjs'])
  expect(cli.workerPids).toHaveLength(1)
})

it.each([
  [
    'Express',
    `import express from 'express'
    const app = express()
    app.get('/ready', (request, response) => response.json({ ip: request.ip ?? null, host: request.hostname, secure: request.secure }))
    export default app`,
  ],
  [
    'Koa',
    `import Koa from 'koa'
    const app = new Koa()
    app.use((context) => { context.body = { ip: context.ip, host: context.hostname, secure: context.secure } })
    export default app`,
  ],
  [
    'Fastify',
    `import Fastify from 'fastify'
    const app = Fastify()
    app.get('/ready', async (request) => ({ ip: request.ip ?? null, host: request.hostname, port: request.port ?? null }))
    export default app`,
  ],
  [
    'Hono',
    `import { Hono } from 'hono'
    const app = new Hono()
    app.get('/ready', (context) => context.text(context.req.url))
    export default app`,
  ],
])('asks an app of %s, which may look at the connection', async (_what, source) => {
  using project = new Project({ 'app.mjs': source }, 'frameworks')
  await using cli = await project.serving([...PATH, ...BIND, 'app.mjs'])
  expect((await ask({ port: cli.port, path: '/ready' })).status).toBe(200)
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it('a replacement is asked as well', async () => {
  using project = new Project({ 'app.mjs': LISTENS, gate: '' })
  await using cli = await project.serving([...PATH, 'app.mjs'])
  process.kill(cli.workerPids[0] ?? NOBODY, 'SIGKILL')
  const { workerPid } = await cli.line('worker-ready', 2)
  expect(asked(project).at(-1)).toEqual([String(workerPid), '204'])
})

/** Who was asked for the path, and what it answered, in order. */
function asked(project: Project): string[][] {
  try {
    return readFileSync(`${project.path}/asked`, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '))
  } catch {
    return []
  }
}
