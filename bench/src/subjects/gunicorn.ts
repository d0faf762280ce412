import { execFile } from 'node:child_process'
import { Signalled } from './signalled.ts'
import { path, WORKERS, type Contender } from './subject.ts'

const PEERS = path('peers')
const ARGS = ['--worker-class', 'uvicorn.workers.UvicornWorker', '--chdir', PEERS, 'pid_app:app']
/** Without files that it compiled beside the app's source. */
const ENV = { PYTHONDONTWRITEBYTECODE: '1' }
const LONGEST_CHECK_MS = 20_000

export const GUNICORN: Contender = {
  name: 'gunicorn',
  mostReloads: 4,
  missing: () =>
    new Promise((resolve) => {
      const options = { timeout: LONGEST_CHECK_MS, env: { ...process.env, ...ENV } }
      execFile('gunicorn', ['--check-config', ...ARGS], options, (error) =>
        resolve(error === null ? null : 'it takes gunicorn and uvicorn (on Debian: gunicorn python3-uvicorn)'),
      )
    }),
  start: (port) =>
    Signalled.start(
      {
        name: 'gunicorn',
        command: ['gunicorn', '--workers', `${WORKERS}`, '--bind', `127.0.0.1:${port}`, ...ARGS],
        env: ENV,
      },
      () => null,
    ),
}
