import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Cli, fixture, isAlive } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'
import { expectOneCause, failureOf, type Failure } from './failure.ts'

/** An app that tells the file `pids` of each process that has loaded it. */
const LISTENS = `
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
appendFileSync('pids', process.pid + '\\n')
createServer((request, response) => response.end('hello')).listen(Number(process.env.APP_PORT), '127.0.0.1')
`
const EXPORTS = `
import { appendFileSync } from 'node:fs'
appendFileSync('pids', process.pid + '\\n')
export default (request, response) => response.end('hello')
`

/** The processes that have loaded the app. */
function loaders(folder: Folder): number[] {
  return readFileSync(`${folder.path}/pids`, 'utf8').trim().split('\n').map(Number)
}

async function check(folder: Folder, args: readonly string[], env = {}): Promise<Failure> {
  return failureOf(['--check-config', ...args], { cwd: folder.path, env })
}

describe('--check-config', () => {
  it.each([
    ['listens', LISTENS, { APP_PORT: '0' }],
    ['exports', EXPORTS, {}],
  ])('loads an app that %s in one process, says that all is fine, and leaves no process', async (_how, text, env) => {
    using folder = new Folder()
    folder.write('app.mjs', text)
    const seen = await check(folder, ['--workers', '4', 'app.mjs'], env)
    expect(seen).toEqual({
      exitCode: 0,
      stdout: 'The configuration is fine, and app.mjs can be loaded.\n',
      stderr: '',
    })
    const pids = loaders(folder)
    expect(pids).toHaveLength(1)
    await until('the process has gone', () => !pids.some(isAlive))
  })

  it.each([
    ['listens', 'shared', LISTENS],
    ['exports', 'shared', EXPORTS],
    ['listens', 'cluster', LISTENS],
    ['exports', 'cluster', EXPORTS],
  ])('binds nothing: an app that %s serves on the same port meanwhile (--accept %s)', async (_how, accept, text) => {
    using folder = new Folder()
    const port = await freePort()
    folder.write('app.mjs', text)
    const options = { cwd: folder.path, env: { APP_PORT: String(port), SUPERVISOR_BIND: `127.0.0.1:${port}` } }
    await using live = await Cli.serving(['app.mjs'], options)
    const args = ['--check-config', '--accept', accept, 'app.mjs']
    expect(await failureOf(args, options)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await ask({ port })).toMatchObject({ result: 'ok', body: 'hello' })
    expect(loaders(folder)).toHaveLength(2)
    expect(live.events('worker-exited')).toEqual([])
  })

  it('makes no Unix socket', async () => {
    using folder = new Folder()
    folder.write('app.mjs', EXPORTS)
    expect(await check(folder, ['--bind', 'unix:app.sock', 'app.mjs'])).toMatchObject({ exitCode: 0, stderr: '' })
    expect(readdirSync(folder.path).toSorted()).toEqual(['app.mjs', 'pids'])
  })

  it.each([
    ['the app is not there', ['nowhere.js'], 'SUPERVISOR_APP_NOT_FOUND'],
    ['the app throws', [fixture('throw-at-import.mjs')], 'SUPERVISOR_APP_THREW'],
    ['the app exports what cannot be served', ['number.mjs'], 'SUPERVISOR_APP_NOT_SERVABLE'],
    ['the app has a syntax error', ['broken.mjs'], 'SUPERVISOR_APP_NOT_LOADED'],
    ['a module in front of it is missing', ['--import', './nowhere.mjs', 'app.mjs'], 'SUPERVISOR_PRELOAD_FAILED'],
    ['a value makes no sense', ['--workers', '0', 'app.mjs'], 'SUPERVISOR_OPTION_INVALID'],
    ['an option does not exist', ['--frobnicate', 'app.mjs'], 'SUPERVISOR_OPTION_UNKNOWN'],
    ['the config file throws', ['--config', 'throws.mjs', 'app.mjs'], 'SUPERVISOR_CONFIG_NOT_LOADED'],
    ['an env file is missing', ['--config', 'env.json', 'app.mjs'], 'SUPERVISOR_ENV_FILE'],
    ['no app was named', [], 'SUPERVISOR_APP_MISSING'],
  ])('exits with 1 and says why when %s', async (_what, args, code) => {
    using folder = new Folder()
    folder.write('app.mjs', EXPORTS)
    folder.write('number.mjs', 'export default 42')
    folder.write('broken.mjs', 'export default = 42')
    folder.write('env.json', '{ "envFile": "nowhere.env" }')
    folder.write('throws.mjs', `throw new Error('no')`)
    expectOneCause(await check(folder, args), { exitCode: 1, code })
  })

  it('runs none of the hooks', async () => {
    using folder = new Folder()
    folder.write('app.mjs', EXPORTS)
    const hook = `() => { throw new Error('was run') }`
    folder.write('supervisor.config.mjs', `export default { hooks: { onStarting: ${hook}, onExit: ${hook} } }`)
    expect(await check(folder, ['app.mjs'])).toMatchObject({ exitCode: 0, stderr: '' })
  })
})
