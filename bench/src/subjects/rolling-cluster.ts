import { Signalled } from './signalled.ts'
import { APP, path, WORKERS, type Contender } from './subject.ts'

const SCRIPT = path('peers/rolling-cluster.mjs')

export const ROLLING_CLUSTER: Contender = {
  name: 'node:cluster',
  mostReloads: Number.POSITIVE_INFINITY,
  missing: () => Promise.resolve(null),
  start: (port) =>
    Signalled.start(
      { name: 'node:cluster', command: ['node', SCRIPT, `${WORKERS}`, APP], env: { PORT: `${port}` } },
      ({ reports }) => reports.count('reloaded'),
    ),
}
