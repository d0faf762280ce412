import { symlinkSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { ROOT, type Cli } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { heirsOf } from '../harness/sockets.ts'
import { until } from '../harness/until.ts'

const APP = 'app.mjs'
const ADDRESS = ['--bind', '127.0.0.1:0']

function answering(what: string | number): string {
  return `export default (request, response) => response.end(String(${what}))\n`
}

async function untilServed(cli: Cli, body: string): Promise<void> {
  const { port } = cli
  let last = ''
  await until(`${body} is served`, async () => (last = (await ask({ port })).body) === body).catch((error: Error) => {
    throw new Error(`${error.message}, but ${last}\n${cli.stdout}${cli.stderr}`)
  })
}

it('env files are read anew, also by a process that has waited, and what was removed is gone', async () => {
  using project = new Project({ [APP]: answering('process.env.MOOD'), '.env': 'MOOD=good\n' })
  await using cli = await project.serving(['--reload', '--env-file', '.env', ...ADDRESS, APP])
  await untilServed(cli, 'good')
  for (const [text, mood] of [
    ['MOOD=better\n', 'better'],
    ['OTHER=1\n', 'undefined'],
    ['MOOD=back\n', 'back'],
  ] as const) {
    project.write('.env', text)
    await untilServed(cli, mood)
  }
})

it('a config file counts, and a broken one ends nothing', async () => {
  const config = (args: readonly string[]): string => `export default { args: ${JSON.stringify(args)} }\n`
  using project = new Project({ [APP]: answering('process.argv[2]'), 'supervisor.config.mjs': config(['one']) })
  await using cli = await project.serving(['--reload', ...ADDRESS, APP])
  await untilServed(cli, 'one')
  project.write('supervisor.config.mjs', config(['two']))
  await untilServed(cli, 'two')
  project.write('supervisor.config.mjs', 'export default {')
  await until('it is shown', async () => (await ask({ port: cli.port })).status === 503)
  project.write('supervisor.config.mjs', config(['three']))
  await untilServed(cli, 'three')
})

it('dependencies that are asked for are told of, and are no change until they are installed', async () => {
  const manifest = (more: object): string => JSON.stringify({ name: 'an-app', type: 'module', ...more })
  using project = new Project({ [APP]: answering(1), 'package.json': manifest({}) })
  await using cli = await project.serving(['--reload', ...ADDRESS, APP])
  project.write('package.json', manifest({ dependencies: { left: '1' } }))
  const { msg, level } = await cli.line('warning')
  expect({ msg, level }).toEqual({ level: 40, msg: expect.stringContaining('install them') as string })
  expect(cli.events('reloaded')).toEqual([])
  project.write('package.json', manifest({ version: '2.0.0', dependencies: { left: '1' } }))
  await cli.line('reloaded')
})

// Which takes five starts.
it('an app that writes into its own folder is not started for ever', { timeout: 90_000 }, async () => {
  const writes = `import { writeFileSync } from 'node:fs'
writeFileSync(new URL('./cache.json', import.meta.url), String(Date.now()))\n`
  using project = new Project({ [APP]: writes + answering(1) })
  await using cli = await project.serving(['--reload', ...ADDRESS, APP])
  // The first start may have written before anybody watched, and then nothing has changed since.
  await cli.line('watching')
  project.write(APP, writes + answering(0))
  expect(await cli.line('warning', 1, 60_000)).toMatchObject({ code: 'SUPERVISOR_RELOAD_LOOP' })
  project.write(APP, answering(2))
  await untilServed(cli, '2')
})

it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
  ['main of package.json', { 'package.json': '{"main":"src.mjs"}', 'src.mjs': answering(`'one'`) }, []],
  [
    'app.js, without a spare',
    { 'app.js': `module.exports = (request, response) => response.end('one')\n` },
    ['--no-warm'],
  ],
  [
    'server.ts',
    { 'server.ts': `export default (_: unknown, response: { end(text: string): void }) => response.end('one')\n` },
    [],
  ],
  ['index.mjs', { 'index.mjs': answering(`'one'`) }, ['--reload-poll']],
])('without a file the app is %s', async (_what, files, args) => {
  using project = new Project(files)
  symlinkSync(`${ROOT}test/frameworks/node_modules`, `${project.path}/node_modules`)
  const [app = '', source = ''] = Object.entries(files).at(-1) ?? []
  await using cli = await project.serving(['--reload', ...args, ...ADDRESS])
  expect((await cli.line('starting')).msg).toContain(app)
  await untilServed(cli, 'one')
  project.write(app, source.replace('one', 'two'))
  await untilServed(cli, 'two')
})

it('without a file the app of the config file comes first', async () => {
  using project = new Project({
    'app.mjs': answering(`'usual'`),
    'main.mjs': answering(`'main'`),
    'own.mjs': answering('process.title'),
    'package.json': '{"main":"main.mjs"}',
    'supervisor.config.json': '{"app":"own.mjs"}',
  })
  await using cli = await project.serving(['--reload', ...ADDRESS])
  expect((await cli.line('starting')).msg).toContain('own.mjs')
  await untilServed(cli, 'supervisor worker [own.mjs]')
})

it('without a file and without any that could be meant it is said what was looked for', async () => {
  using project = new Project({ 'other.mjs': answering(1), 'package.json': '{"main":"gone.mjs"}' })
  const { exitCode, stderr } = await project.failure(['--reload', ...ADDRESS])
  expect(exitCode).toBe(2)
  expect(stderr).toContain('neither a main in package.json')
  expect(stderr).toContain('SUPERVISOR_APP_MISSING')
})

it('processes are named after the app that was found', async () => {
  using project = new Project({ 'server.mjs': answering('process.title') })
  await using cli = await project.serving(['--reload', ...ADDRESS])
  await untilServed(cli, 'supervisor worker [server.mjs]')
})

it.each([
  [['--reload-dir', 'gone'], 'not there'],
  [['--reload-dir', '/'], 'the whole file system'],
  [['--reload-dir', APP], 'it is a file'],
])('a folder that can not be watched ends the start: %s', async (args, cause) => {
  using project = new Project({ [APP]: answering(1) })
  const { exitCode, stderr } = await project.failure(['--reload', ...args, ...ADDRESS, APP])
  expect(exitCode).toBe(2)
  expect(stderr).toContain(cause)
  expect(stderr).toContain('SUPERVISOR_RELOAD_DIR')
})

it('an address that the app does not want any more is given up, though the next worker waits with its sockets', async () => {
  const [before, after] = [await freePort(), await freePort()]
  const listening = (port: number, what: string): string =>
    `import { createServer } from 'node:http'
createServer((request, response) => response.end('${what}')).listen(${port}, '127.0.0.1')\n`
  using project = new Project({ [APP]: listening(before, 'one') })
  await using cli = await project.serving(['--reload', APP])
  // The second one runs in a process that has waited.
  for (const what of ['two', 'three']) {
    project.write(APP, listening(before, what))
    await untilServed(cli, what)
    await until('the next one has them', () => heirsOf(cli.pid).length === 2)
  }
  project.write(APP, listening(after, 'four'))
  await until('it is given up', () => cli.events('listener-released').length === 1)
  expect((await ask({ port: after })).body).toBe('four')
  expect((await ask({ port: before })).result).toBe('refused')
})
