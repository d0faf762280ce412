import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Cli, fixture, isAlive, isSpare, liveMembers, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'

const sparesOf = (cli: Cli): number[] => liveMembers(cli.pid).filter(isSpare)

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** The letter that proc(5) has for what a process does. */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat[stat.lastIndexOf(')') + 2] ?? ''
}

/** Waits until so many spares wait. */
function untilSpares(cli: Cli, count: number): Promise<number[]> {
  return until(`there are ${count} spares`, () => {
    const spares = sparesOf(cli)
    return spares.length === count && spares
  })
}

const LOUD = `
import { createServer } from 'node:http'
console.log('[loaded]')
createServer((request, response) => response.end([process.pid, process.env.COLOUR].join())).listen(0, '127.0.0.1')
`
/** Tells what a worker is made of, besides its process id and the time that it has waited. */
const SELF = `
import { createServer } from 'node:http'
import { Session } from 'node:inspector'
const scripts = []
const session = new Session()
session.connect()
session.on('Debugger.scriptParsed', ({ params: { url } }) => scripts.push(url))
session.post('Debugger.enable')
session.disconnect()
const { argv, execArgv, env, title } = process
const loaded = scripts.filter((url) => url !== '' && !/\\/worker\\/(waiting|inheritance)\\.js$/.test(url)).sort()
const self = { argv, execArgv, env, title, folder: process.cwd(), loaded }
createServer((request, response) => response.end(JSON.stringify(self))).listen(0, '127.0.0.1')
`
const loads = (cli: Cli): number => cli.stdout.split('[loaded]').length - 1

describe('a spare', () => {
  it('has nothing of the app loaded, and replaces a worker that has ended', async () => {
    using folder = new Folder()
    await using cli = await Cli.serving(['--workers', '2', folder.write('app.mjs', LOUD)])
    const spares = await untilSpares(cli, 2)
    expect(loads(cli)).toBe(2)
    const [victim = NOBODY] = cli.workerPids
    process.kill(victim, 'SIGKILL')
    const { workerPid, index } = await cli.line('worker-ready', 3)
    expect(spares).toContain(workerPid)
    expect(index).toBe(cli.events('worker-exited')[0]?.['index'])
    expect(loads(cli)).toBe(3)
    const next = await untilSpares(cli, 2)
    expect(next).not.toContain(workerPid)
    expect(cli.stderr).toBe('')
  })

  it('does not outlive a supervisor that stops while it starts', async () => {
    using folder = new Folder()
    await using cli = await Cli.serving(['--workers', '1', '--spares', '1', folder.write('app.mjs', LOUD)])
    const workers = cli.workerPids
    // A fork that does not run Node yet has the command line of the supervisor, which waits for it.
    const spare = await until('Node begins in a process that is no worker', () =>
      liveMembers(cli.pid).find((pid) => !workers.includes(pid) && commandOf(pid).includes('agent.js')),
    )
    process.kill(spare, 'SIGSTOP')
    cli.signal('SIGTERM')
    const exit = await cli.exit()
    await until('the spare has gone', () => !isAlive(spare))
    expect(exit).toEqual({ code: 0, signal: null })
    expect(cli.stderr).toBe('')
  })

  it('becomes a worker like one that was none', async () => {
    using folder = new Folder()
    await using cli = await Cli.serving(['--workers', '1', folder.write('app.mjs', SELF), '--', 'one'])
    const [spare] = await untilSpares(cli, 1)
    const self = async (): Promise<unknown> => JSON.parse((await ask({ port: cli.port })).body)
    const first = await self()
    const [victim = NOBODY] = cli.workerPids
    process.kill(victim, 'SIGKILL')
    expect((await cli.line('worker-ready', 2)).workerPid).toBe(spare)
    expect(await self()).toEqual(first)
  })

  it('becomes the first worker of a reload, unless what it was started with has changed', async () => {
    using folder = new Folder()
    folder.write('app.mjs', LOUD)
    folder.write('one.env', 'COLOUR=red')
    const config = folder.write('supervisor.config.json', '{"envFile": ["one.env"], "workers": 1}')
    await using cli = await Cli.serving(['--config', config, 'app.mjs'], { cwd: folder.path })
    const answer = async (): Promise<string> => (await ask({ port: cli.port })).body
    const [spare] = await untilSpares(cli, 1)
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    expect(await answer()).toBe(`${spare},red`)
    const [stale = NOBODY] = await untilSpares(cli, 1)
    folder.write('one.env', 'COLOUR=blue')
    cli.signal('SIGHUP')
    await cli.line('reloaded', 2)
    expect(await answer()).toMatch(/^\d+,blue$/)
    expect(await answer()).not.toBe(`${stale},blue`)
    await until('the one with the old variable has gone', () => !isAlive(stale))
    await untilSpares(cli, 1)
  })

  it('does not bring the folder of a release along that was moved away', async () => {
    using folder = new Folder()
    const current = join(folder.path, 'current')
    const read = `
      import { readFileSync } from 'node:fs'
      import { createServer } from 'node:http'
      createServer((request, response) => response.end(readFileSync('version', 'utf8'))).listen(0, '127.0.0.1')`
    const release = (version: string): void => {
      mkdirSync(current)
      folder.write('current/app.mjs', read)
      folder.write('current/version', version)
    }
    release('one')
    await using cli = await Cli.serving(['--workers', '1', '--chdir', current, 'app.mjs'])
    await untilSpares(cli, 1)
    renameSync(current, join(folder.path, 'old'))
    release('two')
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    expect((await ask({ port: cli.port })).body).toBe('two')
  })

  it('is not kept any longer by a reload that wants none', async () => {
    using folder = new Folder()
    const app = folder.write('app.mjs', LOUD)
    const config = folder.write('supervisor.config.json', '{"workers": 2}')
    await using cli = await Cli.serving(['--config', config, app])
    await untilSpares(cli, 2)
    folder.write('supervisor.config.json', '{"workers": 1, "spares": 0}')
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    await until('one worker is left, and nobody waits', () => liveMembers(cli.pid).length === 2)
  })

  it('is replaced when it has ended, and nothing else happens', async () => {
    await using cli = await Cli.serving(['--workers', '1', fixture('hello.mjs')])
    const [spare = NOBODY] = await untilSpares(cli, 1)
    process.kill(spare, 'SIGKILL')
    await until('there is another one', () => sparesOf(cli).some((pid) => pid !== spare))
    expect(cli.events('worker-exited')).toEqual([])
    expect((await ask({ port: cli.port })).status).toBe(200)
  })

  it('is passed over when it has been killed along with the worker, or stopped', async () => {
    await using killed = await Cli.serving(['--workers', '1', fixture('hello.mjs')])
    await using stopped = await Cli.serving(['--workers', '1', fixture('hello.mjs')])
    for (const [cli, signal] of [
      [killed, 'SIGKILL'],
      [stopped, 'SIGSTOP'],
    ] as const) {
      const [spare = NOBODY] = await untilSpares(cli, 1)
      const [worker = NOBODY] = cli.workerPids
      // It hears of both at once.
      cli.signal('SIGSTOP')
      process.kill(spare, signal)
      process.kill(worker, 'SIGKILL')
      await until('both have obeyed', () => stateOf(worker) === 'Z' && 'ZT'.includes(stateOf(spare)))
      cli.signal('SIGCONT')
      expect((await cli.line('worker-ready', 2)).workerPid).not.toBe(spare)
      expect(cli.events('worker-boot-failed')).toEqual([])
      await until('it has gone', () => !isAlive(spare))
      await untilSpares(cli, 1)
    }
  })

  it('ends with a supervisor that is killed, and with one that stops', async () => {
    await using killed = await Cli.serving(['--workers', '1', fixture('hello.mjs')])
    await using stopped = await Cli.serving(['--workers', '1', fixture('hello.mjs')])
    await Promise.all([untilSpares(killed, 1), untilSpares(stopped, 1)])
    killed.signal('SIGKILL')
    await until('nobody of the group is left', () => liveMembers(killed.pid).length === 0)
    // Nor does it matter whether it can do anything about it.
    for (const spare of sparesOf(stopped)) process.kill(spare, 'SIGSTOP')
    stopped.signal('SIGTERM')
    expect(await stopped.exit()).toEqual({ code: 0, signal: null })
    await until('nobody of the group is left', () => liveMembers(stopped.pid).length === 0)
  })

  it('is not there where none is wanted, a hook has to be called before each fork, or Node loads files itself', async () => {
    using folder = new Folder()
    const app = folder.write('app.mjs', LOUD)
    const config = folder.write('supervisor.config.mjs', 'export default { hooks: { preFork() {} } }')
    await using none = await Cli.serving(['--workers', '1', '--spares', '0', app])
    await using hooked = await Cli.serving(['--workers', '1', '--config', config, app])
    const preload = `--require=${folder.write('preload.cjs', '')}`
    await using loading = await Cli.serving(['--workers', '1', `--node-args=${preload}`, app])
    await using told = await Cli.serving(['--workers', '1', app], { env: { NODE_OPTIONS: preload } })
    const check = async (cli: Cli): Promise<void> => {
      const [victim = NOBODY] = cli.workerPids
      process.kill(victim, 'SIGKILL')
      await cli.line('worker-ready', 2)
      const begun = performance.now()
      await until('a spare would have been there long ago', () => performance.now() - begun > 1500)
      expect(liveMembers(cli.pid)).toHaveLength(2)
    }
    await Promise.all([none, hooked, loading, told].map(check))
  })
})
