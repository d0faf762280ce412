import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { Cli, isAlive, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { NO_LOSSES, Traffic } from '../harness/traffic.ts'
import { until } from '../harness/until.ts'
import { exporting, failToReload, origin, origins, reload, waitFor } from './release.ts'
import { Releases } from './releases.ts'

/** Every reload starts some processes: where others want the processors too, many of them take their time. */
vi.setConfig({ testTimeout: 120_000 })

const APP = 'app.mjs'
const CONFIG = 'supervisor.config.mjs'
const ARGS = ['--workers', '2', '--bind', '127.0.0.1:0', APP]
const BROKEN = exporting('broken', "throw new Error('not today')")

it('obeys TERM during a reload, loses no request and leaves nothing behind', async () => {
  using project = new Project({ [APP]: exporting('one') })
  await using cli = await project.serving(ARGS)
  const stream = ask({ port: cli.port, path: '/stream' })
  await until('the stream is being served', async () => (await ask({ port: cli.port })).result === 'ok')
  project.write(APP, exporting('two', waitFor(`${project.path}/never`)))
  cli.signal('SIGHUP')
  await cli.line('reload-started')
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect((await stream).result).toBe('ok')
  expect(cli.events('reload-failed')[0]?.msg).toContain('the supervisor stops')
  expect(cli.events('worker-killed')).toEqual([])
  expect(isAlive(-cli.pid)).toBe(false)
})

it('obeys TERM while the configuration is read anew, also one that hangs', async () => {
  using project = new Project({ [APP]: exporting('one'), [CONFIG]: 'export default {}' })
  await using cli = await project.serving(ARGS)
  const pidFile = `${project.path}/pid`
  const hangs = `import { writeFileSync } from 'node:fs'\nwriteFileSync('${pidFile}', String(process.pid))\nfor (;;);`
  project.write(CONFIG, hangs)
  cli.signal('SIGHUP')
  const reader = await until('it is being read', () => numberIn(pidFile))
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  await until('nobody reads any more', () => !isAlive(reader))
})

it('replaces a worker that crashes during a reload, and rolls in what was asked for', async () => {
  using releases = new Releases('r1', { [APP]: exporting('one') })
  await using cli = await Cli.serving(ARGS, { cwd: releases.current, env: { PWD: releases.current } })
  const { port } = cli
  releases.deploy('r2', { [APP]: exporting('two', waitFor(`${releases.path}/gate`)) })
  const reloaded = reload(cli)
  await cli.line('reload-started')
  process.kill(cli.workerPids[0] ?? NOBODY, 'SIGKILL')
  // The link leads to another release by now: this one is made of the old one all the same.
  expect(await cli.line('worker-ready', 3)).toMatchObject({ generation: 1 })
  for (const { version } of await origins(2, { port })) expect(version).toBe('one')
  releases.write('gate', '')
  await reloaded
  for (const { version } of await origins(2, { port })) expect(version).toBe('two')
})

it('replaces a worker after a failed reload by the release that it is of', async () => {
  using releases = new Releases('r1', { [APP]: exporting('one') })
  await using cli = await releases.serving(['--chdir', 'current', ...ARGS])
  const { port } = cli
  releases.deploy('r2', { [APP]: BROKEN })
  await failToReload(cli)
  for (const pid of cli.liveWorkerPids) process.kill(pid, 'SIGKILL')
  await cli.line('worker-ready', 4)
  const folder = join(realpathSync(releases.path), 'r1')
  for (const answer of await origins(2, { port })) expect(answer).toMatchObject({ version: 'one', folder })
  expect(cli.events('drift')).toEqual([])
})

it('says so when files have changed since a failed reload, and when a worker is replaced by them', async () => {
  using project = new Project({ [APP]: exporting('one') })
  await using cli = await project.serving(ARGS)
  const { port, workerPids: pids } = cli
  const drift = { level: 40, generation: 1, files: [join(realpathSync(project.path), APP)] }
  project.write(APP, BROKEN)
  await failToReload(cli)
  expect(await cli.line('drift')).toMatchObject(drift)
  project.write(APP, exporting('two'))
  process.kill(pids[0] ?? NOBODY, 'SIGKILL')
  expect(await cli.line('drift', 2)).toMatchObject(drift)
  await cli.line('worker-ready', 3)
  const answers = await origins(2, { port })
  expect(answers.find(({ pid }) => pid === pids[1])?.version).toBe('one')
  expect(answers.find(({ pid }) => pid !== pids[1])?.version).toBe('two')
  await reload(cli)
  for (const { version } of await origins(2, { port })) expect(version).toBe('two')
})

it('notices files that have changed although the first worker that it asks for them dies', async () => {
  using project = new Project({ [APP]: exporting('one') })
  await using cli = await project.serving(ARGS)
  const first = cli.events('worker-ready').find(({ worker }) => worker === 1)
  // A stopped process can't answer.
  process.kill(first?.workerPid ?? NOBODY, 'SIGSTOP')
  project.write(APP, BROKEN)
  await failToReload(cli)
  process.kill(first?.workerPid ?? NOBODY, 'SIGKILL')
  expect(await cli.line('drift')).toMatchObject({ generation: 1 })
})

it.each([[[]], [['--rolling']]])(
  'takes 50 HUPs within a second for a few reloads, the newest of which wins (%s)',
  async (more) => {
    using project = new Project({ [APP]: exporting('v0') })
    await using cli = await project.serving([...more, ...ARGS])
    const traffic = new Traffic({ port: cli.port }, 1)
    for (let hup = 1; hup <= 50; hup++) {
      project.write(APP, exporting(`v${hup}`))
      cli.signal('SIGHUP')
      await wait(20)
    }
    await calm(cli, 2)
    for (const { version } of await origins(2, { port: cli.port })) expect(version).toBe('v50')
    await traffic.more()
    expect(await traffic.end()).toEqual(NO_LOSSES)
    expect(cli.events('reload-failed')).toEqual([])
    expect(cli.events('reloaded').length).toBeLessThan(50)
  },
)

it.each([[[]], [['--rolling']]])(
  'survives a HUP every 200 ms while workers are killed, and loses what those had (%s)',
  async (more) => {
    using project = new Project({ [APP]: exporting('v0') })
    await using cli = await project.serving([...more, ...ARGS])
    const traffic = new Traffic({ port: cli.port }, 1)
    let killed = 0
    for (let hup = 1; hup <= 20; hup++) {
      cli.signal('SIGHUP')
      await wait(200)
      if (hup % 2 === 0) continue
      const alive = cli.liveWorkerPids
      const victim = alive[hup % Math.max(1, alive.length)]
      if (victim === undefined) continue
      process.kill(victim, 'SIGKILL')
      killed++
    }
    // A reload that a worker was killed in has failed, perhaps the last one: the next one must not.
    project.write(APP, exporting('last'))
    await until('a reload succeeds', async () => {
      cli.signal('SIGHUP')
      return until('it has ended', () => isSettled(cli)).then(() => cli.log.findLast(isEnd)?.event === 'reloaded')
    })
    await calm(cli, 2)
    for (const { version } of await origins(2, { port: cli.port })) expect(version).toBe('last')
    await traffic.more()
    const { reset, refused, hung, wrong } = await traffic.end()
    expect({ refused, hung, wrong }).toEqual({ refused: 0, hung: 0, wrong: 0 })
    // One client of each of the four kinds.
    expect(reset).toBeLessThanOrEqual(killed * 4)
    expect((await origin({ port: cli.port })).version).toBe('last')
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
  },
)

function isEnd({ event }: { readonly event: string }): boolean {
  return event === 'reloaded' || event === 'reload-failed'
}

/** Whether no reload is under way, as far as the log tells. */
function isSettled({ log }: Cli): boolean {
  return log.findLastIndex(isEnd) > log.findLastIndex(({ event }) => event === 'reload-asked')
}

/** Waits until no reload is under way, and so many workers of one generation are all that there is. */
async function calm(cli: Cli, workers: number): Promise<void> {
  await until('all is calm', () => {
    const live = cli.events('worker-ready').filter(({ workerPid }) => isAlive(workerPid ?? NOBODY))
    return isSettled(cli) && live.length === workers && new Set(live.map(({ generation }) => generation)).size === 1
  })
}

function numberIn(path: string): number | null {
  try {
    return Number(readFileSync(path, 'utf8')) || null
  } catch {
    return null
  }
}
