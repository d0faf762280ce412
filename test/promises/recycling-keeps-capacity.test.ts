import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Cli, fixture, isAlive, NOBODY, type LogLine } from '../harness/cli.ts'
import { ask, failuresOf, Load, NO_FAILURES } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'

const APP = fixture('health.mjs')
const MB = 1024 * 1024
/** A worker tells of itself four times within it. */
const TIMEOUT = ['--timeout', '2']

function underLoad(cli: Cli): Load[] {
  return (['fresh', 'keep-alive'] as const).map((mode) => new Load({ port: cli.port, clients: 3, mode }))
}

async function expectNothingLost(loads: readonly Load[]): Promise<void> {
  const before = loads.map(({ total }) => total)
  await until('all are still served', () => loads.every(({ total }, index) => total > (before[index] ?? 0) + 20))
  for (const load of loads) expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
}

/**
 * Goes through the log: a worker is told to drain when its successor is ready and not before, nobody else is recycled
 * until it has gone, and so there are always as many as there should be.
 */
function expectCapacity(log: readonly LogLine[], workers: number): void {
  let serving = 0
  let isServing = false
  let recycled: LogLine | null = null
  for (const line of log) {
    if (line.event === 'worker-ready') serving++
    if (line.event === 'worker-draining') serving--
    if (line.event === 'serving') isServing = true
    if (line.event === 'worker-recycling') {
      expect(recycled).toBeNull()
      recycled = line
    }
    if (line.event === 'worker-draining' && line['reason'] === 'recycled') expect(line.worker).toBe(recycled?.worker)
    if (line.event === 'worker-exited') {
      expect(line).toMatchObject({ worker: recycled?.worker, reason: 'recycled', code: 0 })
      recycled = null
    }
    if (isServing) expect(serving).toBeGreaterThanOrEqual(workers)
    expect(serving).toBeLessThanOrEqual(workers + 1)
  }
}

describe('a worker is recycled without a loss', () => {
  it('after --max-requests, each with its --max-requests-jitter', async () => {
    const args = ['--workers', '2', '--max-requests', '40', '--max-requests-jitter', '40', APP]
    await using cli = await Cli.serving(args)
    const loads = underLoad(cli)
    await cli.line('worker-exited', 4)
    await expectNothingLost(loads)
    const reasons = cli.events('worker-recycling')
    for (const line of reasons) {
      expect(line).toMatchObject({ level: 30, reason: 'max-requests' })
      expect(line['value']).toSatisfy((value: number) => value >= 40 && value <= 80)
      expect(line.msg).toContain(`it has had ${String(line['value'])} requests (--max-requests)`)
    }
    expect(new Set(reasons.map(({ value }) => value)).size).toBeGreaterThan(1)
    expectCapacity(cli.log, 2)
  })

  it('after --max-age', async () => {
    await using cli = await Cli.serving(['--workers', '2', '--max-age', '1', APP])
    const loads = underLoad(cli)
    await cli.line('worker-exited', 3)
    await expectNothingLost(loads)
    for (const line of cli.events('worker-recycling')) {
      expect(line).toMatchObject({ level: 30, reason: 'max-age' })
      expect(line['value']).toBeGreaterThanOrEqual(1000)
    }
    expectCapacity(cli.log, 2)
  })

  it('above --max-memory, three times in a row, and nobody else', async () => {
    await using cli = await Cli.serving(['--workers', '2', ...TIMEOUT, '--max-memory', '300M', APP])
    const loads = underLoad(cli)
    const begun = Date.now()
    const { body } = await ask({ port: cli.port, path: '/grow?by=350' })
    const told = await cli.line('worker-recycling')
    expect(told).toMatchObject({ level: 30, reason: 'max-memory', workerPid: Number(body) })
    expect(told['value']).toBeGreaterThan(300 * MB)
    expect(told.msg).toContain(`${Math.round(Number(told['value']) / MB)} MB of memory (--max-memory)`)
    // There is half a second between two samples.
    expect(Number(told['time']) - begun).toBeGreaterThan(900)
    await cli.line('worker-exited')
    await expectNothingLost(loads)
    expect(isAlive(Number(body))).toBe(false)
    expect(cli.events('worker-recycling')).toHaveLength(1)
    expectCapacity(cli.log, 2)
  })

  it('whose event loop is late by more than --max-loop-delay', async () => {
    await using cli = await Cli.serving(['--workers', '2', ...TIMEOUT, '--max-loop-delay', '0.1', APP])
    const { body } = await ask({ port: cli.port, path: '/lag?by=250' })
    const loads = underLoad(cli)
    const told = await cli.line('worker-recycling')
    expect(told).toMatchObject({ level: 30, reason: 'max-loop-delay', workerPid: Number(body) })
    expect(told['value']).toBeGreaterThan(100)
    await cli.line('worker-exited')
    await expectNothingLost(loads)
    expectCapacity(cli.log, 2)
  })
})

it('leaves a worker to serve whose successor can not boot, and tries again', async () => {
  using folder = new Folder()
  const args = ['--workers', '1', '--max-requests', '20', fixture('fail-after-first.mjs')]
  await using cli = await Cli.serving(args, { env: { MARKS: folder.path } })
  const [pid = NOBODY] = cli.workerPids
  const loads = underLoad(cli)
  const failed = await cli.line('worker-boot-failed', 2)
  expect(failed.msg).toContain('broken meanwhile')
  expect(cli.events('worker-recycling').length).toBeGreaterThanOrEqual(2)
  expect(cli.events('worker-draining').filter(({ workerPid }) => workerPid === pid)).toEqual([])
  expect((await ask({ port: cli.port })).body).toBe(String(pid))
  rmSync(`${folder.path}/0`)
  await cli.line('worker-ready', 2)
  await until('the old one has gone', () => !isAlive(pid))
  await expectNothingLost(loads)
})

it('pauses while files have changed on the disk, says so, and goes on after a reload', async () => {
  using folder = new Folder()
  const version = (name: string): string =>
    `import { createServer } from 'node:http'
     createServer((request, response) => response.end('${name}')).listen(0, '127.0.0.1')`
  const app = folder.write('app.mjs', version('old'))
  await using cli = await Cli.serving(['--workers', '2', '--max-requests', '20', app])
  const pids = cli.workerPids
  folder.write('app.mjs', version('new'))
  const loads = underLoad(cli)
  expect(await cli.line('drift')).toMatchObject({ level: 40, generation: 1, files: [app] })
  const before = loads.map(({ total }) => total)
  await until('all have had enough', () => loads.every(({ total }, index) => total > (before[index] ?? 0) + 100))
  expect(cli.events('worker-recycling')).toEqual([])
  expect(cli.liveWorkerPids).toEqual(pids)
  expect((await ask({ port: cli.port })).body).toBe('old')
  cli.signal('SIGHUP')
  await cli.line('reloaded')
  expect((await ask({ port: cli.port })).body).toBe('new')
  expect(await cli.line('worker-recycling')).toMatchObject({ generation: 2 })
  await until('one of the new generation was recycled', () =>
    cli.events('worker-exited').some(({ reason }) => reason === 'recycled'),
  )
  await expectNothingLost(loads)
  expect(cli.events('drift')).toHaveLength(1)
})
