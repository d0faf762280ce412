import { expect, it } from 'vitest'
import { Cli, fixture, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'

const APP = fixture('crash-on-request.mjs')

it.each([
  ['/exit', 'code 7'],
  ['/throw', 'Error: thrown by the app'],
  ['/reject', 'Error: rejected by the app'],
])('replaces a worker that ends by %s at once, and the log says why', async (path, why) => {
  await using cli = await Cli.serving(['--workers', '2', APP])
  await ask({ port: cli.port, path })
  const exit = await cli.line('worker-exited')
  expect(exit).toMatchObject({ level: 50, restartInMs: 0, reason: null })
  expect(exit.msg).toContain(why)
  await cli.line('worker-ready', 3)
  expect(cli.liveWorkerPids).toHaveLength(2)
  expect((await ask({ port: cli.port })).result).toBe('ok')
})

it('gives the replacement the index of the worker that was killed', async () => {
  await using cli = await Cli.serving(['--workers', '3', APP])
  const killed = cli.events('worker-ready').find(({ index }) => index === 1)
  process.kill(killed?.workerPid ?? NOBODY, 'SIGKILL')
  const exit = await cli.line('worker-exited')
  expect(exit).toMatchObject({ signal: 'SIGKILL', index: 1 })
  expect(await cli.line('worker-ready', 4)).toMatchObject({ index: 1 })
})

it('waits longer the more often the same worker fails, and leaves the others alone', async () => {
  await using cli = await Cli.serving(['--workers', '2', APP])
  const survivor = cli.events('worker-ready').find(({ index }) => index === 1)?.workerPid
  const delays: unknown[] = []
  for (let failure = 1; failure <= 4; failure++) {
    const victim = await until(
      'the first place is filled',
      () => cli.events('worker-ready').filter(({ index }) => index === 0)[failure - 1],
    )
    process.kill(victim.workerPid ?? NOBODY, 'SIGKILL')
    delays.push((await cli.line('worker-exited', failure))['restartInMs'])
  }
  const [first, second, third, fourth] = delays as number[]
  expect(first).toBe(0)
  // 100, 200, 400 ms, each within a fifth.
  expect(second).toSatisfy((delay: number) => delay >= 80 && delay <= 120)
  expect(third).toSatisfy((delay: number) => delay >= 160 && delay <= 240)
  expect(fourth).toSatisfy((delay: number) => delay >= 320 && delay <= 480)
  expect(cli.liveWorkerPids).toContain(survivor)
})
