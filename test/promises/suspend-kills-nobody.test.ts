import { describe, expect, it } from 'vitest'
import { Cli, fixture, isAlive } from '../harness/cli.ts'
import { ask, failuresOf, Load, NO_FAILURES } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'

const APP = fixture('health.mjs')

/** Who is suspended: the supervisor alone, as by a debugger, or all of it, as when a laptop sleeps. */
const WHO = ['the supervisor', 'the whole group'] as const
type Who = (typeof WHO)[number]

/** Stops processes for a while, and lets them go on. */
async function suspend(cli: Cli, who: Who, forMs: number): Promise<void> {
  const signal = (name: NodeJS.Signals): void => (who === 'the supervisor' ? cli.signal(name) : cli.signalGroup(name))
  signal('SIGSTOP')
  try {
    const begun = performance.now()
    await until('it has slept', () => performance.now() - begun >= forMs)
  } finally {
    signal('SIGCONT')
  }
}

/** Resolves when the supervisor has done whatever it was late with. */
async function untilAwake(cli: Cli): Promise<void> {
  const count = cli.events('signal-ignored').length
  cli.signal('SIGUSR1')
  await cli.line('signal-ignored', count + 1)
}

describe.concurrent.each(WHO)('%s is suspended', (who) => {
  // The first is just a little longer than a worker may be silent for.
  it.each([1300, 3000])('for %i ms under load, which ends no worker and loses no request', async (forMs) => {
    await using cli = await Cli.serving(['--workers', '2', '--timeout', '1', APP])
    const pids = cli.workerPids
    const loads = (['fresh', 'keep-alive'] as const).map((mode) => new Load({ port: cli.port, clients: 3, mode }))
    await until('all are served', () => loads.every(({ total }) => total > 20))
    await suspend(cli, who, forMs)
    await untilAwake(cli)
    const before = loads.map(({ total }) => total)
    await until('all are still served', () => loads.every(({ total }, index) => total > (before[index] ?? 0) + 100))
    for (const load of loads) expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
    expect(cli.liveWorkerPids).toEqual(pids)
    for (const event of ['worker-hung', 'worker-killed', 'worker-exited']) expect(cli.events(event)).toEqual([])
    // It is as watchful as before.
    const blocked = ask({ port: cli.port, path: '/block', patienceMs: 25_000 })
    await cli.line('worker-hung')
    expect((await blocked).result).toBe('reset')
  })

  // The first is too short for the supervisor to notice: what the workers have told meanwhile counts all the same.
  it.each([
    [2500, 'while it sleeps'],
    [4500, 'later'],
  ])('for %i ms while its workers boot, and what they wait for comes %s', async (forMs, when) => {
    using folder = new Folder()
    const args = ['--workers', '2', '--boot-timeout', '2', fixture('listen-late.mjs')]
    await using cli = new Cli(args, { env: { GATE: `${folder.path}/gate` } })
    await cli.line('starting')
    const slept = suspend(cli, who, forMs)
    if (when === 'while it sleeps') folder.write('gate', '')
    await slept
    await untilAwake(cli)
    folder.write('gate', '')
    await cli.line('serving')
    expect(cli.events('worker-boot-failed')).toEqual([])
    expect((await ask({ port: cli.port })).result).toBe('ok')
  })

  it('while its workers drain, and requests that are in flight are answered', async () => {
    const args = ['--workers', '2', '--graceful-timeout', '3', '--kill-timeout', '1', APP]
    await using cli = await Cli.serving(args)
    const slow = Array.from({ length: 6 }, () => ask({ port: cli.port, path: '/slow?by=2000', patienceMs: 25_000 }))
    await until('all are being worked on', () => cli.stdout.match(/^\[\/slow \d+\]$/gm)?.length === 6)
    cli.signal('SIGTERM')
    await cli.line('stopping')
    await suspend(cli, who, 5500)
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    for (const { result, error } of await Promise.all(slow)) expect({ result, error }).toEqual({ result: 'ok' })
    expect(cli.events('worker-killed')).toEqual([])
    expect(isAlive(-cli.pid)).toBe(false)
  })
})
