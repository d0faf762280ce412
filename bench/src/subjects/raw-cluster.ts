import { Signalled } from './signalled.ts'
import { APP, path, type Contender } from './subject.ts'

const SCRIPT = path('peers/raw-cluster.mjs')

/** The least that does the job with `node:cluster`. */
export const RAW_CLUSTER: Contender = {
  name: 'raw node:cluster',
  mostReloads: 0,
  missing: () => Promise.resolve(null),
  start: (port, workers = 1) =>
    Signalled.start(
      { name: 'raw node:cluster', command: ['node', SCRIPT, `${workers}`, APP], env: { PORT: `${port}` } },
      () => null,
      workers,
    ),
}

/** The app by itself, in one process. */
export const PLAIN_NODE: Contender = {
  name: 'plain node',
  mostReloads: 0,
  missing: () => Promise.resolve(null),
  start: (port) =>
    Signalled.start({ name: 'plain node', command: ['node', APP], env: { PORT: `${port}` } }, () => null, 1),
}
