import { expect, it } from 'vitest'
import type { Cli } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { expectOneCause } from '../cli/failure.ts'
import { Project } from './project.ts'

const BIND = ['--bind', '127.0.0.1:0']
const ANSWERS = `const answers = (what) => (request, response) => response.end(what)\n`
/** Listens on $APP_PORT, and exports something else. */
const BOTH = `
  import { createServer } from 'node:http'
  ${ANSWERS}
  createServer(answers('listened')).listen(Number(process.env.APP_PORT), '127.0.0.1')
  export default answers('exported')`

it('serves the named export of app.js:name, also in CommonJS and in compiled code', async () => {
  const files = {
    'app.mjs': `${ANSWERS} export default answers('default'); export const admin = answers('admin')`,
    'app.cjs': `${ANSWERS} module.exports = { ['ad' + 'min']: answers('admin') }`,
    'compiled.cjs': `
      ${ANSWERS}
      Object.defineProperty(exports, '__esModule', { value: true })
      exports.default = answers('default')
      exports.admin = answers('admin')`,
  }
  using project = new Project(files)
  for (const name of Object.keys(files)) expect(await bodyOf(project, [`${name}:admin`])).toBe('admin')
  for (const name of ['app.mjs', 'compiled.cjs']) expect(await bodyOf(project, [name])).toBe('default')
})

it('serves what a factory returns, now or later', async () => {
  using project = new Project(
    {
      'now.mjs': `${ANSWERS} export default () => answers('made')`,
      'later.mjs': `${ANSWERS} export const create = async () => (await new Promise(setImmediate), { fetch: () => new Response('made later') })`,
      'koa.mjs': `
      import Koa from 'koa'
      export default async function create() {
        const app = new Koa()
        app.use((context) => { context.body = 'made by Koa' })
        return app
      }`,
    },
    'frameworks',
  )
  expect(await bodyOf(project, ['--factory', 'now.mjs'])).toBe('made')
  expect(await bodyOf(project, ['--factory', 'later.mjs:create'])).toBe('made later')
  expect(await bodyOf(project, ['--factory', 'koa.mjs'])).toBe('made by Koa')
})

it('prefers a listen before ready to an export', async () => {
  using project = new Project({ 'app.mjs': BOTH })
  const port = await freePort()
  await using cli = await project.serving([...BIND, 'app.mjs'], { env: { APP_PORT: String(port) } })
  expect(addressesOf(cli)).toEqual([`127.0.0.1:${port}`])
  expect((await ask({ port })).body).toBe('listened')
})

it('--mode export serves the export of an app that also listens', async () => {
  using project = new Project({ 'app.mjs': BOTH })
  const [port, bound] = [await freePort(), await freePort()]
  const args = ['--mode', 'export', '--bind', `127.0.0.1:${bound}`, 'app.mjs']
  await using cli = await project.serving(args, { env: { APP_PORT: String(port) } })
  expect(new Set(addressesOf(cli))).toEqual(new Set([`127.0.0.1:${port}`, `127.0.0.1:${bound}`]))
  expect((await ask({ port: bound })).body).toBe('exported')
  expect((await ask({ port })).body).toBe('listened')
})

it('--mode listen waits for an app that exports, and listens later', async () => {
  using project = new Project({
    'app.mjs': `
      import { createServer } from 'node:http'
      ${ANSWERS}
      setTimeout(() => createServer(answers('listened')).listen(0, '127.0.0.1'), 50)
      export default answers('exported')`,
  })
  await using cli = await project.serving(['--mode', 'listen', 'app.mjs'])
  expect((await ask({ port: cli.port })).body).toBe('listened')
})

it.each<[string, string, readonly string[], string, string]>([
  [
    'a factory without --factory',
    'export default function create() {}',
    [],
    'the function create without parameters',
    '--factory',
  ],
  ['a class', 'export default class App {}', [], 'a class (App)', 'instance'],
  ['a name that is not exported', 'export const api = 1', [':admin'], 'no "admin", but "api"', 'colon'],
  ['names only', 'export const start = () => {}, port = 80', [], '"port", "start"', 'listen()'],
  ['nothing, with --mode export', 'setInterval(() => {}, 1000)', ['--mode', 'export'], 'nothing', 'listen()'],
  [
    'names only, with --mode export',
    'export const api = 1; setInterval(() => {}, 1000)',
    ['--mode', 'export'],
    '"api"',
    'listen()',
  ],
  [
    'a factory that returns nothing',
    'export default async () => {}',
    ['--factory'],
    'a factory that returns undefined',
    'Return the app',
  ],
])('tells at once what was found: %s', async (_what, source, args, found, hint) => {
  using project = new Project({ 'app.mjs': source })
  const [suffix = '', ...flags] = args[0]?.startsWith(':') === true ? args : ['', ...args]
  const failure = await project.failure(['--workers', '2', ...flags, `app.mjs${suffix}`])
  expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_APP_NOT_SERVABLE' })
  expect(failure.stderr).toContain(`exports ${found}, which can't be served`)
  expect(failure.stderr).toContain(hint)
})

it('tells what an app exports that was waited for in vain', async () => {
  using project = new Project({ 'app.mjs': 'export const start = () => {}; setInterval(() => {}, 1000)' })
  await using cli = project.start(['--boot-timeout', '3', 'app.mjs'])
  expect(await cli.exit()).toEqual({ code: 3, signal: null })
  expect(cli.stderr).toMatch(/listened on nothing within 3(\.\d)? s; it exports "start"/)
  expect(cli.stderr).toContain('app.js:name')
})

it.each([
  ['throws', `export default () => { throw new Error('no database') }`],
  ['rejects', `export default async () => { throw new Error('no database') }`],
])('shows the error of a factory that %s', async (_what, source) => {
  using project = new Project({ 'app.mjs': source })
  const failure = await project.failure(['--workers', '2', '--factory', 'app.mjs'])
  expectOneCause(failure, { exitCode: 3, code: 'SUPERVISOR_APP_THREW' })
  expect(failure.stderr).toContain('no database')
  expect(failure.stderr).toMatch(/app\.mjs:1:\d+/)
})

async function bodyOf(project: Project, args: readonly string[]): Promise<string> {
  await using cli = await project.serving([...BIND, ...args])
  const { body } = await ask({ port: cli.port })
  return body
}

function addressesOf(cli: Cli): unknown[] {
  return cli.events('listener-bound').map((line) => line['address'])
}
