import { expect, it, vi } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { ascending } from '../apps/everyone.ts'
import { Cli } from '../harness/cli.ts'
import { freePort } from '../harness/free-port.ts'
import { Holder } from '../harness/holder.ts'
import { NO_LOSSES, Traffic } from '../harness/traffic.ts'
import { until } from '../harness/until.ts'
import { config, exporting, failToReload, listening, origins, reload, waitFor } from './release.ts'
import { Releases } from './releases.ts'

/** Every reload starts some processes: where others want the processors too, many of them take their time. */
vi.setConfig({ testTimeout: 120_000 })

const APP = 'app.mjs'
const CONFIG = 'supervisor.config.mjs'
const BOUND = { bind: '127.0.0.1:0', app: APP, workers: 2, killTimeoutMs: 500 }

/** Only the worker of this place does it. */
function at(index: number, what: string): string {
  return `if (process.env.SUPERVISOR_WORKER_INDEX === '${index}') ${what}`
}

/** Blocks the loop for good, and leaves the processors to others. */
const BLOCK = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'

const FIRST = 0
const LAST = 1

/** The old generation is all that there is, and it has noticed nothing. */
async function expectOld(cli: Cli, pids: readonly number[], traffic: Traffic): Promise<void> {
  await until('the new workers have gone', () => cli.liveWorkerPids.length === pids.length)
  await traffic.more()
  expect(cli.liveWorkerPids).toEqual(pids)
  const answers = await origins(pids.length, { port: cli.port })
  expect(answers.map(({ version }) => version)).toEqual(pids.map(() => 'old'))
  expect(answers.map(({ pid }) => pid)).toEqual(ascending(pids))
}

interface Failing {
  readonly what: string
  /** What is on the disk instead; null: nothing. */
  readonly files: Readonly<Record<string, string | null>>
  readonly says: RegExp
}

const SHORT = { ...BOUND, bootTimeoutMs: 5000 }
const WITH_PATH = { ...SHORT, readyPath: '/ready' }

/** What one worker of the new version can do. Those that hang do so past the boot timeout. */
function failingAt(index: number): readonly Failing[] {
  const app = (what: string): string => exporting('new', at(index, what))
  return [
    { what: 'throws at import', files: { [APP]: app("throw new Error('not today')") }, says: /Error: not today/ },
    { what: 'exits', files: { [APP]: app('process.exit(9)') }, says: /exited with code 9/ },
    {
      what: 'throws later',
      files: { [APP]: app("{ setImmediate(() => { throw new Error('not now') }); await new Promise(() => {}) }") },
      says: /Error: not now/,
    },
    {
      what: 'hangs at import',
      files: { [CONFIG]: config(SHORT), [APP]: app(BLOCK) },
      says: /still being loaded after/,
    },
    {
      what: 'fails its ready path',
      files: { [CONFIG]: config(WITH_PATH), [APP]: app('READY_STATUS = 500') },
      says: /\/ready answered 500/,
    },
  ]
}

const FAILING_AS_A_WHOLE: readonly Failing[] = [
  { what: 'is not there', files: { [APP]: null }, says: /there is no file app\.mjs/ },
  { what: 'has a syntax error', files: { [APP]: 'const = 1' }, says: /app\.mjs could not be loaded: SyntaxError/ },
  { what: 'exports nothing', files: { [APP]: 'const nothing = 0' }, says: /exports nothing that could be served/ },
  { what: 'has a config that throws', files: { [CONFIG]: "throw new Error('no way')" }, says: /Error: no way/ },
  { what: 'has an unknown option', files: { [CONFIG]: config({ ...BOUND, wokers: 1 }) }, says: /no key "wokers"/ },
  {
    what: 'has no bind left',
    files: { [CONFIG]: config({ ...BOUND, bind: [] }) },
    says: /bind: must name at least one/,
  },
  {
    what: 'wants an address that is not to be had',
    files: { [CONFIG]: config({ ...BOUND, bind: ['127.0.0.1:0', '192.0.2.1:4'] }) },
    says: /192\.0\.2\.1:4 is not an address of this machine/,
  },
]

it.concurrent.each([
  ['its first worker', failingAt(FIRST)],
  ['its last worker', failingAt(LAST)],
  ['the whole', FAILING_AS_A_WHOLE],
])('serves on, whole, when %s is no good, whatever it is', async (_where, failing) => {
  using project = new Project({ [APP]: exporting('old'), [CONFIG]: config(BOUND) })
  await using cli = await project.serving([])
  const pids = cli.workerPids
  const traffic = new Traffic({ port: cli.port }, 1)
  for (const { what, files, says } of failing) {
    for (const [name, text] of Object.entries({ [APP]: exporting('new'), [CONFIG]: config(BOUND), ...files })) {
      if (text === null) project.remove(name)
      else project.write(name, text)
    }
    const failed = await failToReload(cli)
    expect(failed, what).toMatchObject({ level: 50, msg: expect.stringMatching(says) as unknown })
    expect(failed.msg).toContain('the old generation serves on')
    await expectOld(cli, pids, traffic)
  }
  project.write(APP, exporting('mended'))
  project.write(CONFIG, config(BOUND))
  await reload(cli)
  const answers = await origins(2, { port: cli.port })
  expect(answers.map(({ version }) => version)).toEqual(['mended', 'mended'])
  expect(await traffic.end()).toEqual(NO_LOSSES)
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it.concurrent('serves on when the canary dies within its time, although it was ready', async () => {
  using project = new Project({ 'app.mjs': exporting('old') })
  const args = ['--workers', '2', '--bind', '127.0.0.1:0', '--canary-seconds', '3600', APP]
  await using cli = await project.serving(args)
  const pids = cli.workerPids
  const traffic = new Traffic({ port: cli.port }, 1)
  const die = `${project.path}/die`
  const dies = `void (async () => { ${waitFor(die)}; throw new Error('second thoughts') })()`
  project.write('app.mjs', exporting('new', dies))
  const failed = failToReload(cli)
  await cli.line('worker-ready', 3)
  await traffic.more()
  expect(cli.liveWorkerPids).toHaveLength(3)
  project.write('die', '')
  expect((await failed).msg).toContain('second thoughts')
  await expectOld(cli, pids, traffic)
  expect(cli.events('worker-ready')).toHaveLength(3)
  expect(await traffic.end()).toEqual(NO_LOSSES)
})

it.concurrent('takes the slots back that --rolling has swapped when a later worker fails', async () => {
  using project = new Releases('one', { [APP]: exporting('old') })
  const args = ['--workers', '2', '--bind', '127.0.0.1:0', '--rolling', '--max-surge', '1', APP]
  await using cli = await Cli.serving(args, { cwd: project.current, env: { PWD: project.current } })
  const last = cli.events('worker-ready').find(({ index }) => index === LAST)?.workerPid
  const traffic = new Traffic({ port: cli.port }, 1)
  project.deploy('two', { [APP]: exporting('new', at(LAST, "throw new Error('not today')")) })
  expect((await failToReload(cli)).msg).toContain('not today')
  expect(cli.events('worker-ready').map(({ generation }) => generation)).toEqual([1, 1, 2, 1])
  await until('two workers are left', () => cli.liveWorkerPids.length === 2)
  expect(cli.liveWorkerPids).toContain(last)
  const answers = await origins(2, { port: cli.port })
  expect(answers.map(({ version }) => version)).toEqual(['old', 'old'])
  expect(await traffic.end()).toEqual(NO_LOSSES)
})

it.concurrent('serves on when the new version listens on a port that somebody else has', async () => {
  const taken = await freePort()
  await using _ = await Holder.of(taken)
  using project = new Project({ 'app.mjs': listening('old') })
  await using cli = await project.serving(['--workers', '2', 'app.mjs'])
  const pids = cli.workerPids
  const traffic = new Traffic({ port: cli.port }, 1)
  project.write('app.mjs', listening('new', '', taken))
  expect((await failToReload(cli)).msg).toContain(`127.0.0.1:${taken} is in use by another process`)
  await expectOld(cli, pids, traffic)
  expect(await traffic.end()).toEqual(NO_LOSSES)
})
