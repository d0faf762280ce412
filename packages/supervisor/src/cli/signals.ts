import type { Supervisor } from '../supervisor.ts'

/** Passes the signals that gunicorn knows on to the supervisor. See docs/signals.md. */
export function followSignals(supervisor: Supervisor): void {
  process.on('SIGTERM', () => void supervisor.stop('graceful', 'SIGTERM'))
  // A terminal that closes ends what runs in it.
  process.on('SIGHUP', () => void supervisor.stop('graceful', 'SIGHUP'))
  process.on('SIGINT', () => void supervisor.stop('quick', 'SIGINT'))
  process.on('SIGQUIT', () => void supervisor.stop('quick', 'SIGQUIT'))
  process.on('SIGTTIN', () => supervisor.scale(1))
  process.on('SIGTTOU', () => supervisor.scale(-1))
}
