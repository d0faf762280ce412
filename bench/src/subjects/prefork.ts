import { Signalled } from './signalled.ts'
import { APP, path, WORKERS, type Contender } from './subject.ts'

const COMMAND = path('../packages/supervisor/bin/supervisor.js')

export const PREFORK: Contender = {
  name: 'prefork',
  mostReloads: Number.POSITIVE_INFINITY,
  missing: () => Promise.resolve(null),
  start: (port, workers) => startPrefork(port, workers),
}

/** Starts prefork with some options more. */
export function startPrefork(port: number, workers = WORKERS, options: readonly string[] = []): Promise<Signalled> {
  const command = [COMMAND, '--workers', `${workers}`, ...options, APP]
  return Signalled.start(
    { name: 'prefork', command, env: { PORT: `${port}` } },
    ({ log }) => log.split('"event":"reloaded"').length - 1,
    workers,
  )
}
