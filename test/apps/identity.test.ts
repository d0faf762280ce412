import { spawn } from 'node:child_process'
import { expect, it } from 'vitest'
import { Cli, fixture, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'
import { ascending, everyone, factsOf, type Facts } from './everyone.ts'

/** What the fixtures `listen-facts` find. */
interface AppFacts extends Facts {
  readonly argv: readonly string[]
  /** CommonJS only: `require.main.filename`. */
  readonly mainFile?: string
  /** ESM only, where Node has it: `import.meta.main`. */
  readonly mainFlag?: boolean
  readonly isWorker: boolean
  readonly index?: string
  readonly hasToken: boolean
  readonly messages: readonly unknown[]
}

const APPS = ['listen-facts.cjs', 'listen-facts.mjs'] as const

/** The same app under Node alone. */
async function factsOfPlain(app: string): Promise<AppFacts> {
  const port = await freePort()
  const plain = spawn(process.execPath, [app], { env: { ...process.env, APP_PORT: String(port) }, stdio: 'ignore' })
  try {
    await until('the plain app listens', async () => (await ask({ port })).result === 'ok')
    return await factsOf<AppFacts>({ port })
  } finally {
    plain.kill('SIGKILL')
  }
}

for (const app of APPS) {
  it(`makes ${app} the main module, as Node alone does`, async () => {
    const plain = await factsOfPlain(fixture(app))
    await using cli = await Cli.serving([fixture(app)])
    const { argv, mainFile, mainFlag } = await factsOf<AppFacts>({ port: cli.port })
    expect({ argv, mainFile, mainFlag }).toEqual({
      argv: plain.argv,
      mainFile: plain.mainFile,
      mainFlag: plain.mainFlag,
    })
    expect(argv).toEqual([process.execPath, fixture(app)])
  })

  for (const accept of ['shared', 'cluster'] as const) {
    it(`shows ${app} nothing of the supervisor but that it is a worker (--accept ${accept})`, async () => {
      const env = { APP_PORT: String(await freePort()) }
      await using cli = await Cli.serving(['--workers', '2', '--accept', accept, fixture(app)], { env })
      // A worker that is killed and one that leaves: messages about either would come now.
      process.kill(cli.workerPids[0] ?? NOBODY, 'SIGKILL')
      await cli.line('worker-ready', 3)
      for (const facts of await everyone(2, () => factsOf<AppFacts>({ port: Number(env.APP_PORT) }))) {
        expect(facts).toMatchObject({ isWorker: true, hasToken: false, messages: [] })
      }
    })
  }
}

it('serves an app that listens as the main module by itself, although it exports a server as well', async () => {
  const [port, other] = [await freePort(), await freePort()]
  const args = ['--bind', `127.0.0.1:${other}`, fixture('listen-facts.cjs')]
  await using cli = await Cli.serving(args, { env: { APP_PORT: String(port) } })
  expect(cli.events('listener-bound').map((line) => line['address'])).toEqual([`127.0.0.1:${port}`])
  expect((await ask({ port })).result).toBe('ok')
  expect((await ask({ port: other })).result).toBe('refused')
})

it('answers from as many processes as there are workers, with an index of its own for each', async () => {
  await using cli = await Cli.serving(['--workers', '4', fixture('listen-facts.mjs')])
  const found = await everyone(4, () => factsOf<AppFacts>({ port: cli.port }))
  expect(ascending(found.map(({ pid }) => pid))).toEqual(ascending(cli.workerPids))
  expect(ascending(found.map(({ index }) => Number(index)))).toEqual([0, 1, 2, 3])
})

it('gives the replacement of a killed worker the same index', async () => {
  await using cli = await Cli.serving(['--workers', '3', fixture('listen-facts.mjs')])
  const before = await everyone(3, () => factsOf<AppFacts>({ port: cli.port }))
  const killed = before.find(({ index }) => index === '1')
  process.kill(killed?.pid ?? NOBODY, 'SIGKILL')
  const ready = await cli.line('worker-ready', 4)
  const after = await everyone(3, () => factsOf<AppFacts>({ port: cli.port }))
  expect(after.find(({ index }) => index === '1')?.pid).toBe(ready.workerPid)
  expect(ready.workerPid).not.toBe(killed?.pid)
  expect(ascending(after.map(({ index }) => Number(index)))).toEqual([0, 1, 2])
})
