import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { ascending } from '../apps/everyone.ts'
import { visit } from '../apps/tls-visit.ts'
import { Project } from '../frameworks/project.ts'
import { Cli, fixture } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { NO_LOSSES, Traffic } from '../harness/traffic.ts'
import { until } from '../harness/until.ts'
import { config, exporting, listening, origin, origins, reload } from './release.ts'
import { Releases } from './releases.ts'

/** Every reload starts some processes: where others want the processors too, many of them take their time. */
vi.setConfig({ testTimeout: 120_000 })

const APP = 'app.mjs'
const CONFIG = 'supervisor.config.mjs'

it('changes the number of workers, both ways, and loses nothing', async () => {
  const values = { app: APP, bind: '127.0.0.1:0', workers: 2 }
  using project = new Project({ [APP]: exporting('one'), [CONFIG]: config(values) })
  await using cli = await project.serving([])
  const { port } = cli
  const traffic = new Traffic({ port }, 1)
  for (const workers of [4, 1]) {
    project.write(CONFIG, config({ ...values, workers }))
    expect(await reload(cli)).toMatchObject({ workers })
    await until('so many are left', () => cli.liveWorkerPids.length === workers)
    const answers = await origins(workers, { port })
    expect(ascending(answers.map(({ index }) => index))).toEqual([0, 1, 2, 3].slice(0, workers))
    await traffic.more()
  }
  expect(await traffic.end()).toEqual(NO_LOSSES)
})

it.each([
  ['who accepts', { accept: 'cluster' }, '--accept cluster: this supervisor was started with shared'],
  ['that it is in production', { reload: true }, '--reload true: this supervisor was started with false'],
])('does not change %s, and says so', async (_what, changed, said) => {
  const values = { app: APP, bind: '127.0.0.1:0', workers: 1 }
  using project = new Project({ [APP]: exporting('one'), [CONFIG]: config(values) })
  await using cli = await project.serving([])
  project.write(CONFIG, config({ ...values, ...changed }))
  cli.signal('SIGHUP')
  const { msg, code } = await cli.line('reload-failed')
  expect([msg, code]).toEqual([expect.stringContaining(said), 'SUPERVISOR_OPTION_INVALID'])
  expect((await ask({ port: cli.port })).status).toBe(200)
  expect(cli.workerPids).toHaveLength(1)
})

it('opens an address that is new, and closes one that was removed when the old generation has gone', async () => {
  const [first, second] = [await freePort(), await freePort()]
  const values = { app: APP, workers: 2, gracefulTimeoutMs: 3_600_000 }
  const bind = (...ports: number[]): string => config({ ...values, bind: ports.map((port) => `127.0.0.1:${port}`) })
  using project = new Project({ [APP]: exporting('one'), [CONFIG]: bind(first) })
  await using cli = await project.serving([])
  const traffic = new Traffic({ port: first }, 1)
  project.write(CONFIG, bind(first, second))
  await reload(cli)
  expect(await origins(2, { port: second })).toEqual(await origins(2, { port: first }))
  await traffic.more()
  expect(await traffic.end()).toEqual(NO_LOSSES)

  const busy = new Traffic({ port: second }, 1)
  project.write(CONFIG, bind(second))
  await reload(cli)
  await busy.more()
  expect(await cli.line('listener-released')).toMatchObject({ address: `127.0.0.1:${first}` })
  expect((await ask({ port: first })).result).toBe('refused')
  expect(await busy.end()).toEqual(NO_LOSSES)
  expect(cli.events('listener-bound')).toHaveLength(2)
})

it('lets an app listen elsewhere: the old port is refused when the old generation has gone', async () => {
  const [first, second] = [await freePort(), await freePort()]
  using project = new Project({ [APP]: listening('one', '', first) })
  await using cli = await project.serving(['--workers', '2', APP])
  const never = ask({ port: first, path: '/never', patienceMs: 60_000 })
  await until('a request without end is being served', () => cli.stdout.includes('[never]'))
  project.write(APP, listening('two', '', second))
  await reload(cli)
  expect((await origin({ port: second })).version).toBe('two')
  // One of the old generation still drains: whoever comes now waits, and is not served by the new version.
  expect(cli.events('listener-released')).toEqual([])
  const [drains] = cli.events('worker-draining').filter(({ workerPid }) => cli.liveWorkerPids.includes(workerPid ?? 0))
  expect(drains).toMatchObject({ generation: 1, reason: 'reloaded' })
  const victims = cli.liveWorkerPids.filter((pid) => !cli.workerPids.slice(-2).includes(pid))
  for (const pid of victims) process.kill(pid, 'SIGKILL')
  expect((await never).result).toBe('reset')
  await cli.line('listener-released')
  expect((await ask({ port: first })).result).toBe('refused')
  expect((await origin({ port: second })).version).toBe('two')
})

it('takes over the log level and the timeouts', async () => {
  const values = { app: APP, bind: '127.0.0.1:0', gracefulTimeoutMs: 3_600_000 }
  using project = new Project({ [APP]: exporting('one'), [CONFIG]: config(values) })
  await using cli = await project.serving([])
  await reload(cli)
  expect(cli.events('worker-forked')).toEqual([])
  project.write(CONFIG, config({ ...values, logLevel: 'debug', gracefulTimeoutMs: 200 }))
  await reload(cli)
  await reload(cli)
  expect(cli.events('worker-forked')).toMatchObject([{ generation: 4, reason: 'reload', level: 20 }])
  const never = ask({ port: cli.port, path: '/never', patienceMs: 30_000 })
  await until('a request without end is being served', () => cli.stdout.includes('[never]'))
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect((await never).result).toBe('reset')
})

it.each([
  { how: 'started in it', args: [APP], isInside: true },
  { how: 'with --chdir', args: ['--chdir', 'current', APP], isInside: false },
])('follows the link to a release, folder and app: $how', async ({ args, isInside }) => {
  using releases = new Releases('r1', { [APP]: exporting('one') })
  const cwd = isInside ? releases.current : releases.path
  await using cli = await Cli.serving(['--workers', '2', '--bind', '127.0.0.1:0', ...args], { cwd, env: { PWD: cwd } })
  const { port } = cli
  const root = realpathSync(releases.path)
  const traffic = new Traffic({ port }, 1)
  expect(await origin({ port })).toMatchObject({ version: 'one', folder: join(root, 'r1') })
  for (const [version, name] of [
    ['two', 'r2'],
    ['three', 'r3'],
  ] as const) {
    releases.deploy(name, { [APP]: exporting(version) })
    await reload(cli)
    for (const answer of await origins(2, { port })) expect(answer).toMatchObject({ version, folder: join(root, name) })
  }
  expect(await traffic.end()).toEqual(NO_LOSSES)
})

it('reads env files anew: what was changed is changed, and what was removed is gone', async () => {
  using project = new Project({ [APP]: exporting('one'), '.env': 'MOOD=good\n' })
  await using cli = await project.serving(['--env-file', '.env', '--bind', '127.0.0.1:0', APP])
  const { port } = cli
  expect((await origin({ port })).mood).toBe('good')
  for (const [text, mood] of [
    ['MOOD=better\n', 'better'],
    ['OTHER=1\n', null],
    ['MOOD=back\n', 'back'],
  ] as const) {
    project.write('.env', text)
    await reload(cli)
    expect((await origin({ port })).mood).toBe(mood)
  }
})

it('loses nothing on a Unix socket either', async () => {
  using project = new Project({ [APP]: exporting('v0') })
  const socketPath = join(project.path, 'app.sock')
  await using cli = await project.serving(['--workers', '2', '--bind', `unix:${socketPath}`, APP])
  const traffic = new Traffic({ socketPath }, 1)
  await traffic.more()
  for (const version of ['v1', 'v2', 'v3']) {
    project.write(APP, exporting(version))
    await reload(cli)
    const answers = await origins(2, { socketPath })
    expect(answers.map((answer) => answer.version)).toEqual([version, version])
    await traffic.more()
  }
  expect(await traffic.end()).toEqual(NO_LOSSES)
  expect(cli.events('listener-bound')).toHaveLength(1)
})

it.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes a %s session in any worker of any generation', async (version) => {
  await using cli = await Cli.serving(['--workers', '2', fixture('listen-tls.mjs')])
  const { session } = await visit(cli.port, version)
  const pids = new Set<number>()
  let resumed = 0
  for (let generation = 1; generation <= 3; generation++) {
    if (generation > 1) await reload(cli)
    for (let round = 0; round < 13; round++) {
      const visits = await Promise.all(Array.from({ length: 5 }, () => visit(cli.port, version, session)))
      for (const { pid } of visits) pids.add(pid)
      resumed += visits.filter(({ isResumed }) => isResumed).length
    }
  }
  expect(resumed).toBe(195)
  expect(pids.size).toBeGreaterThanOrEqual(3)
})
