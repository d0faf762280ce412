import { expect, it } from 'vitest'
import { NOBODY } from '../harness/cli.ts'
import { failuresOf, Load, NO_FAILURES } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { serve } from './stop.ts'

const ROUNDS = 6

it.each(['shared', 'cluster'] as const)(
  'no fresh connection is lost, however often workers are replaced (--accept %s)',
  async (accept) => {
    await using served = await serve('drain-http.mjs', { accept, workers: 2 })
    const { cli, port } = served
    const load = new Load({ port, mode: 'fresh', clients: 24 })
    for (let round = 0; round < ROUNDS; round++) {
      const pid = cli.liveWorkerPids[0] ?? NOBODY
      process.kill(pid, 'SIGTERM')
      await cli.line('worker-ready', 3 + round)
      await until('it has gone', () => !cli.liveWorkerPids.includes(pid))
    }
    expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
    expect(cli.events('worker-killed')).toEqual([])
  },
  60_000,
)
