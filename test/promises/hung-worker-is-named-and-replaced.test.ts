import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Cli, fixture, isAlive, type LogLine, NOBODY } from '../harness/cli.ts'
import { ask, type Answer, failuresOf, Load, NO_FAILURES } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'
import { portsOf } from '../host/blocked-process.ts'
import { attachDebugger } from '../host/debugger.ts'

const APP = fixture('health.mjs')
/** Where the fixture blocks. */
const LINE = readFileSync(APP, 'utf8')
  .split('\n')
  .findIndex((line) => line.includes('Date.now() < end'))
/** Node itself says so when anyone asks for a stack, and nothing else is to be seen of it. */
const LOOKED_AT = /^(Debugger attached\.\s*)*$/
const PATIENT = { patienceMs: 25_000 }

interface Blocked {
  readonly pid: number
  readonly answer: Promise<Answer>
}

/** Blocks the worker that happens to get the request; resolves when it is blocked. */
async function block(cli: Cli, path: string): Promise<Blocked> {
  const said = new RegExp(String.raw`^\[${path.split('?')[0]} (\d+)\]$`, 'gm')
  const before = [...cli.stdout.matchAll(said)].length
  const answer = ask({ port: cli.port, path, ...PATIENT })
  const pid = await until('a worker is blocked', () => [...cli.stdout.matchAll(said)][before]?.[1])
  return { pid: Number(pid), answer }
}

/** A machine that gives the worker no time at all may hide where it is: then another one is asked. */
async function blockUntilNamed(cli: Cli, path: string): Promise<{ blocked: Blocked; hung: LogLine }> {
  for (let round = 1; ; round++) {
    const blocked = await block(cli, path)
    const hung = await cli.line('worker-hung', round)
    if ((hung['verdict'] as { kind: string }).kind === 'stack') return { blocked, hung }
    expect(round).toBeLessThan(3)
    await cli.line('worker-ready', 2 + round)
  }
}

function makeFifo(folder: Folder): string {
  const fifo = `${folder.path}/fifo`
  execFileSync('mkfifo', [fifo])
  return fifo
}

describe('a worker that is blocked in JavaScript', () => {
  it('is named, with what it was asked, and replaced; the others serve all the while', async () => {
    await using cli = await Cli.serving(['--workers', '2', '--timeout', '1', APP])
    const ports = cli.workerPids.map((pid) => portsOf(pid))
    expect(ports).toEqual([[cli.port], [cli.port]])
    const { blocked, hung } = await blockUntilNamed(cli, '/block?from=a%20client')
    expect(hung).toMatchObject({ level: 50, workerPid: blocked.pid, generation: 1 })
    expect(hung['silentMs']).toBeGreaterThanOrEqual(1000)
    expect(hung.msg).toContain(`at countsForEver (${APP}:${LINE + 1}:`)
    expect(hung.msg).toMatch(/^ {2}GET \/block\?from=a%20client, for [\d.]+ m?s$/m)
    expect((hung['verdict'] as { requests: unknown }).requests).toHaveLength(1)
    const exit = await until('it has ended', () =>
      cli.events('worker-exited').find(({ workerPid }) => workerPid === blocked.pid),
    )
    expect(exit).toMatchObject({ signal: 'SIGKILL', reason: 'hung', index: hung['index'] })
    expect((await blocked.answer).result).toBe('reset')
    await until('it is replaced', () => cli.liveWorkerPids.length === 2)
    expect(cli.liveWorkerPids.map((pid) => portsOf(pid))).toEqual(ports)
    expect(cli.stderr).toMatch(LOOKED_AT)
  })

  it('keeps no connection waiting that came after it was blocked, nor does its replacement', async () => {
    await using cli = await Cli.serving(['--workers', '2', '--timeout', '1', APP])
    const { pid } = await block(cli, '/block')
    const loads = (['fresh', 'keep-alive'] as const).map((mode) => new Load({ port: cli.port, clients: 3, mode }))
    expect(await cli.line('worker-hung')).toMatchObject({ workerPid: pid })
    await cli.line('worker-ready', 3)
    const before = loads.map(({ total }) => total)
    await until('all go on', () => loads.every(({ total }, index) => total > (before[index] ?? 0) + 50))
    for (const load of loads) expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
  })

  it('is replaced though it is the only one, and whoever waits meanwhile is served', async () => {
    await using cli = await Cli.serving(['--workers', '1', '--timeout', '0.5', APP])
    await block(cli, '/block')
    const waiting = Array.from({ length: 10 }, () => ask({ port: cli.port, ...PATIENT }))
    await cli.line('worker-hung')
    for (const { result } of await Promise.all(waiting)) expect(result).toBe('ok')
  })

  it('is left alone with --timeout 0, and the others serve whoever comes', async () => {
    await using cli = await Cli.serving(['--workers', '2', '--timeout', '0', APP])
    const { pid } = await block(cli, '/block')
    const begun = performance.now()
    const loads = (['fresh', 'keep-alive'] as const).map((mode) => new Load({ port: cli.port, clients: 3, mode }))
    await until('much is served', () => loads.every(({ total }) => total > 100) && performance.now() - begun > 2000)
    for (const load of loads) expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
    expect(cli.events('worker-hung')).toEqual([])
    expect(isAlive(pid)).toBe(true)
    expect(cli.stderr).toBe('')
  })
})

describe('a worker that is blocked in native code', () => {
  it('is said to be, and replaced', async () => {
    using folder = new Folder()
    const env = { FIFO: makeFifo(folder) }
    await using cli = await Cli.serving(['--workers', '2', '--timeout', '0.5', APP], { env })
    const { pid, answer } = await block(cli, '/native')
    const hung = await cli.line('worker-hung')
    expect(hung).toMatchObject({ level: 50, workerPid: pid, verdict: { kind: 'native' } })
    expect(hung.msg).toContain('blocked in native code')
    await cli.line('worker-ready', 3)
    expect(isAlive(pid)).toBe(false)
    expect((await answer).result).toBe('reset')
    expect(cli.stderr).toBe('')
  })

  it('is not killed if it comes back before the verdict, and has no port open afterwards', async () => {
    using folder = new Folder()
    const env = { FIFO: makeFifo(folder) }
    await using cli = await Cli.serving(['--workers', '1', '--timeout', '0.5', APP], { env })
    // When the verdict falls depends on the machine: who frees the worker too late tries once more.
    const { pid, answer } = await until('it came back in time', async () => {
      const hung = cli.events('worker-hung').length
      const blocked = await block(cli, '/native')
      const begun = performance.now()
      await until('it has been silent for long enough', () => performance.now() - begun > 900)
      free(env.FIFO)
      const told = (): boolean => cli.events('worker-recovered').length > 0
      await until('it is told', () => told() || cli.events('worker-hung').length > hung)
      return told() && blocked
    })
    expect(await answer).toMatchObject({ result: 'ok', body: String(pid) })
    const recovered = await cli.line('worker-recovered')
    expect(recovered).toMatchObject({ level: 40, workerPid: pid })
    expect(recovered['silentMs']).toBeGreaterThanOrEqual(500)
    expect((await ask({ port: cli.port })).body).toBe(String(pid))
    await until('no other port is open', () => portsOf(pid).join(' ') === String(cli.port))
    expect(cli.stderr).toMatch(LOOKED_AT)
  })

  /** Writes nothing to the pipe, if somebody reads from it. */
  function free(fifo: string): void {
    try {
      closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK))
    } catch {
      // Nobody does: it has been killed.
    }
  }
})

describe.concurrent('a worker that may be silent', () => {
  it('is debugged', async () => {
    await using cli = await Cli.serving(['--workers', '1', '--timeout', '0.5', APP])
    const [pid = NOBODY] = cli.workerPids
    process.kill(pid, 'SIGUSR1')
    const port = await until('its inspector is open', () => portsOf(pid).find((each) => each !== cli.port))
    {
      using _debugger = await attachDebugger(port)
      const { answer } = await block(cli, '/block?by=4000')
      expect(await cli.line('worker-debugged', 2)).toMatchObject({ level: 40, workerPid: pid })
      expect(await answer).toMatchObject({ result: 'ok', body: String(pid) })
    }
    expect(cli.events('worker-hung')).toEqual([])
    await block(cli, '/block')
    expect(await cli.line('worker-hung')).toMatchObject({ workerPid: pid })
  })

  it('boots: it has the deadline of a boot, and no other', async () => {
    const args = ['--boot-timeout', '2', '--timeout', '0.2', fixture('block-at-import.mjs')]
    await using cli = new Cli(args)
    expect(await cli.exit()).toMatchObject({ code: 3 })
    const [failed, ...others] = cli.events('worker-boot-failed')
    expect(others).toEqual([])
    expect(failed?.msg).toContain('was still being loaded after')
    expect(Number(failed?.['time']) - Number(cli.events('starting')[0]?.['time'])).toBeGreaterThanOrEqual(1900)
    expect(cli.events('worker-hung')).toEqual([])
  })

  it.each([
    ['fewer workers', 'SIGTTOU', 'scaled-down'],
    ['a stop', 'SIGTERM', 'stop'],
  ] as const)('drains: it has the time of a drain, and no more: %s', async (_why, signal, reason) => {
    const args = ['--workers', '2', '--timeout', '0.2', '--graceful-timeout', '1', '--kill-timeout', '1', APP]
    await using cli = await Cli.serving(args, { env: { BLOCK_IN_DRAIN: '1' } })
    cli.signal(signal)
    const begun = await cli.line(signal === 'SIGTERM' ? 'stopping' : 'worker-draining')
    const killed = await cli.line('worker-killed')
    expect(killed).toMatchObject({ reason })
    expect(Number(killed['time']) - Number(begun['time'])).toBeGreaterThanOrEqual(1900)
    expect(cli.events('worker-hung')).toEqual([])
    if (signal === 'SIGTERM') expect(await cli.exit()).toEqual({ code: 0, signal: null })
  })
})
