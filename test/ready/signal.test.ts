import { expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

const IMPORT = `import { worker } from '@prefork/supervisor/worker'\n`
const SIGNAL = ['--ready', 'signal']

it.each([
  ['worker.ready()', 'worker.ready()'],
  [`process.send('ready'), as with PM2`, `process.send('ready')`],
])('a worker that listens is ready only after %s', async (_what, ready) => {
  using project = new Project(
    {
      'app.mjs': `
      ${IMPORT}
      import { existsSync } from 'node:fs'
      import { createServer } from 'node:http'
      createServer((request, response) => response.end('served')).listen(Number(process.env.APP_PORT), '127.0.0.1')
      const timer = setInterval(() => {
        if (!existsSync('gate')) return
        clearInterval(timer)
        ${ready}
      }, 10)`,
    },
    'supervisor',
  )
  const port = await freePort()
  await using cli = project.start(['--workers', '2', ...SIGNAL, 'app.mjs'], { env: { APP_PORT: String(port) } })
  await cli.line('listener-bound')
  // Until a worker accepts for the first time, nobody does: a balancer would see a port that is closed.
  expect((await ask({ port })).result).toBe('refused')
  expect(cli.events('worker-ready')).toEqual([])
  project.write('gate', '')
  await cli.line('serving')
  expect((await ask({ port })).body).toBe('served')
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it('worker.ready() before the app is loaded counts when it is', async () => {
  using project = new Project(
    {
      'app.mjs': `
      ${IMPORT}
      worker.ready()
      await new Promise((resolve) => setTimeout(resolve, 50))
      console.log('loaded')
      export default (request, response) => response.end('served')`,
    },
    'supervisor',
  )
  await using cli = await project.serving([...SIGNAL, '--bind', '127.0.0.1:0', 'app.mjs'])
  expect(cli.stdout.indexOf('loaded')).toBeLessThan(cli.stdout.indexOf('worker-ready'))
  expect((await ask({ port: cli.port })).body).toBe('served')
})

it('worker.ready() of an app that does not listen yet counts when it does', async () => {
  using project = new Project(
    {
      'app.mjs': `
      ${IMPORT}
      import { pbkdf2 } from 'node:crypto'
      // All four threads are busy, so that the look-up of the host's name waits.
      for (let n = 0; n < 4; n++) pbkdf2('password', 'salt', 1_000_000, 64, 'sha512', () => {})
      worker.ready()
      export default (request, response) => response.end('served')`,
    },
    'supervisor',
  )
  await using cli = await project.serving([...SIGNAL, '--bind', 'localhost:0', 'app.mjs'])
  expect(await ask({ port: cli.port })).toMatchObject({ result: 'ok', body: 'served' })
})

it('an app without a port serves, is replaced, drains and ends', async () => {
  using project = new Project(
    {
      'consumer.mjs': `
      ${IMPORT}
      const timer = setInterval(() => {}, 1000)
      worker.onDrain(() => { clearInterval(timer); console.log('[drained]') })
      worker.onShutdown(() => console.log('[shut down]'))
      worker.ready()`,
    },
    'supervisor',
  )
  await using cli = await project.serving(['--workers', '2', ...SIGNAL, 'consumer.mjs'])
  expect(cli.events('listener-bound')).toEqual([])
  process.kill(cli.workerPids[0] ?? NOBODY, 'SIGKILL')
  await cli.line('worker-ready', 3)
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(cli.stdout.match(/^\[.*\]$/gm)?.toSorted()).toEqual(['[drained]', '[drained]', '[shut down]', '[shut down]'])
  expect(cli.events('worker-killed')).toEqual([])
})

it('a stop ends an app without a port that takes no notice', async () => {
  using project = new Project({ 'consumer.mjs': `setInterval(() => {}, 1000); process.send('ready')` })
  await using cli = await project.serving([...SIGNAL, 'consumer.mjs'])
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it('a worker that never says so hits the boot timeout', async () => {
  using project = new Project({
    'app.mjs': `
      import { createServer } from 'node:http'
      createServer().listen(0, '127.0.0.1')`,
  })
  await using cli = project.start([...SIGNAL, '--boot-timeout', '2', 'app.mjs'])
  expect(await cli.exit()).toEqual({ code: 3, signal: null })
  expect(cli.stderr).toMatch(/within 2(\.\d)? s/)
  expect(cli.stderr).toContain('--ready signal')
  expect(cli.stderr).toContain('did not say that it is ready')
  expect(cli.stderr).not.toContain('listened on nothing')
})

it('neither way of saying so matters to an app that is ready when it listens', async () => {
  using project = new Project(
    {
      'app.mjs': `
      ${IMPORT}
      worker.ready()
      process.send('ready')
      export default (request, response) => response.end('served')`,
    },
    'supervisor',
  )
  await using cli = await project.serving(['--bind', '127.0.0.1:0', 'app.mjs'])
  expect((await ask({ port: cli.port })).body).toBe('served')
})

it('a consumer can be checked without being served', async () => {
  using project = new Project({ 'consumer.mjs': `${IMPORT} setInterval(() => {}, 1000); worker.ready()` }, 'supervisor')
  await using cli = project.start(['--check-config', ...SIGNAL, 'consumer.mjs'])
  await until('the check has ended', async () => (await cli.exit()).code === 0)
  expect(cli.stdout).toContain('can be loaded')
})
