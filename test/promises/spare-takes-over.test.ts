import { readFileSync } from 'node:fs'
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

  it('is replaced when it has ended, and nothing else happens', async () => {
    await using cli = await Cli.serving(['--workers', '1', fixture('hello.mjs')])
    const [spare = NOBODY] = await untilSpares(cli, 1)
    process.kill(spare, 'SIGKILL')
    await until('there is another one', () => sparesOf(cli).some((pid) => pid !== spare))
    expect(cli.events('worker-exited')).toEqual([])
    expect((await ask({ port: cli.port })).status).toBe(200)
  })

  it('ends with a supervisor that is killed, and with one that stops', async () => {
    await using killed = await Cli.serving(['--workers', '1', fixture('hello.mjs')])
    await using stopped = await Cli.serving(['--workers', '1', fixture('hello.mjs')])
    await Promise.all([untilSpares(killed, 1), untilSpares(stopped, 1)])
    killed.signal('SIGKILL')
    await until('nobody of the group is left', () => liveMembers(killed.pid).length === 0)
    stopped.signal('SIGTERM')
    expect(await stopped.exit()).toEqual({ code: 0, signal: null })
    await until('nobody of the group is left', () => liveMembers(stopped.pid).length === 0)
  })

  it('is not there where none is wanted, or a hook has to be called before each fork', async () => {
    using folder = new Folder()
    const app = folder.write('app.mjs', LOUD)
    const config = folder.write('supervisor.config.mjs', 'export default { hooks: { preFork() {} } }')
    await using none = await Cli.serving(['--workers', '1', '--spares', '0', app])
    await using hooked = await Cli.serving(['--workers', '1', '--config', config, app])
    for (const cli of [none, hooked]) {
      const [victim = NOBODY] = cli.workerPids
      process.kill(victim, 'SIGKILL')
      await cli.line('worker-ready', 2)
      const begun = performance.now()
      await until('a spare would have been there long ago', () => performance.now() - begun > 1500)
      expect(liveMembers(cli.pid)).toHaveLength(2)
    }
  })
})
