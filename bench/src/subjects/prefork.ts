import { Signalled } from './signalled.ts'
import { APP, path, WORKERS, type Contender } from './subject.ts'

const COMMAND = path('../packages/supervisor/bin/supervisor.js')

export const PREFORK: Contender = {
  name: 'prefork',
  mostReloads: Number.POSITIVE_INFINITY,
  missing: () => Promise.resolve(null),
  start: (port) =>
    Signalled.start(
      { name: 'prefork', command: [COMMAND, '--workers', `${WORKERS}`, APP], env: { PORT: `${port}` } },
      ({ log }) => log.split('"event":"reloaded"').length - 1,
    ),
}
