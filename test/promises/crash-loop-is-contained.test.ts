import { describe, expect, it } from 'vitest'
import { expectOneCause } from '../cli/failure.ts'
import { Cli, fixture, isAlive, NOBODY } from '../harness/cli.ts'
import { failuresOf, Load, NO_FAILURES } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'
import { Program } from '../library/program.ts'

/** Every worker boots once, and never again. */
const APP = fixture('fail-after-first.mjs')

/** Kills the worker of a place for the first time. */
function kill(cli: Cli, index: number): void {
  const worker = cli.events('worker-ready').find((line) => line['index'] === index)
  process.kill(worker?.workerPid ?? NOBODY, 'SIGKILL')
}

it('leaves the other workers and their clients alone', async () => {
  using folder = new Folder()
  await using cli = await Cli.serving(['--workers', '3', APP], { env: { MARKS: folder.path } })
  const others = cli
    .events('worker-ready')
    .filter(({ index }) => index !== 0)
    .map(({ workerPid }) => workerPid)
  kill(cli, 0)
  await cli.line('worker-exited')
  const loads = (['fresh', 'keep-alive'] as const).map((mode) => new Load({ port: cli.port, clients: 3, mode }))
  await cli.line('worker-boot-failed', 4)
  await until('all are served', () => loads.every(({ total }) => total > 50))
  for (const load of loads) expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
  expect(cli.liveWorkerPids).toEqual(others)
  expect(new Set(cli.events('worker-exited').map(({ index }) => index))).toEqual(new Set([0]))
})

describe('--give-up', () => {
  it('ends the supervisor with code 3 and the last cause when nobody has been ready for so long', async () => {
    using folder = new Folder()
    const args = ['--workers', '2', '--give-up', '2', APP]
    await using cli = await Cli.serving(args, { env: { MARKS: folder.path } })
    for (const index of [0, 1]) kill(cli, index)
    const { code } = await cli.exit()
    expectOneCause(
      { exitCode: code, stdout: cli.stdout, stderr: cli.stderr },
      { exitCode: 3, code: 'SUPERVISOR_GAVE_UP' },
    )
    // Who kills them is the last to blame only where no replacement gets as far as failing.
    const isBroken = cli.events('worker-boot-failed').length > 0
    const cause = isBroken
      ? /The last failure: .*broken meanwhile/
      : /The last failure: a worker was ended by SIGKILL\./
    expect(cli.stderr).toMatch(/^supervisor: no worker has been ready for [\d.]+ s\. /)
    expect(cli.stderr).toMatch(cause)
    const [gaveUp, ...others] = cli.events('gave-up')
    expect(others).toEqual([])
    expect(gaveUp).toMatchObject({ level: 60 })
    expect(gaveUp?.['afterMs']).toBeGreaterThanOrEqual(2000)
    expect(isAlive(-cli.pid)).toBe(false)
  })

  it('ends nothing as long as somebody serves', async () => {
    using folder = new Folder()
    const args = ['--workers', '2', '--give-up', '0.3', APP]
    await using cli = await Cli.serving(args, { env: { MARKS: folder.path } })
    kill(cli, 0)
    // By now many times that has gone by.
    await cli.line('worker-boot-failed', 4)
    expect(cli.events('gave-up')).toEqual([])
    expect(cli.liveWorkerPids).toHaveLength(1)
  })
})

it('is to be seen in the status: the last exit, what it is put down to, and the next attempt', async () => {
  using program = new Program(
    `const supervisor = create({ workers: 2 })
     await supervisor.start()
     const slot = () => supervisor.status().slots[0]
     const pid = () => supervisor.status().workers.find(({ index, status }) => index === 0 && status === 'accepting')?.pid
     const next = async () => {
       while (pid() === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
       return pid()
     }
     tell('before', { slot: slot() })
     for (const signal of ['SIGKILL', 'SIGABRT', 'SIGKILL', 'SIGKILL']) {
       const exited = seen(supervisor, 'worker-exited')
       process.kill(await next(), signal)
       await exited
       tell('after', { slot: slot(), forks: supervisor.status().forks })
     }
     await next()
     tell('healed', { slot: slot(), forks: supervisor.status().forks })
     await supervisor.stop()`,
  )
  const told = await program.told()
  const slots = told.map(({ slot }) => slot)
  const exit = (signal: string, reason: string): object => ({
    lastExit: {
      code: null,
      signal,
      reason: expect.stringContaining(reason) as string,
      agoMs: expect.any(Number) as number,
    },
  })
  const killed = exit('SIGKILL', 'killed by the kernel, perhaps out of memory')
  expect(slots[0]).toEqual({ index: 0, failures: 0, lastExit: null, nextAttemptInMs: null })
  expect(slots[1]).toMatchObject({ failures: 1, ...killed })
  expect(slots[2]).toMatchObject({ failures: 2, ...exit('SIGABRT', 'ended by SIGABRT') })
  expect(slots[3]).toMatchObject({ failures: 3, ...killed })
  expect(slots[4]).toMatchObject({ failures: 4, ...killed })
  expect((slots[4] as { nextAttemptInMs: number }).nextAttemptInMs).toSatisfy((ms: number) => ms > 0 && ms <= 480)
  expect(slots[5]).toMatchObject({ failures: 4, nextAttemptInMs: null })
  expect(told.at(-1)?.['forks']).toMatchObject({ boot: 2, crashed: 4 })
})
