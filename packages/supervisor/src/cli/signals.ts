import type { Loop } from '../loop.ts'

/** Passes the signals that gunicorn knows on to the supervisor. See docs/signals.md. */
export function followSignals(loop: Loop): void {
  process.on('SIGTERM', () => loop.stop('graceful', 'SIGTERM'))
  // A terminal that closes ends what runs in it.
  process.on('SIGHUP', () => loop.stop('graceful', 'SIGHUP'))
  process.on('SIGINT', () => loop.stop('quick', 'SIGINT'))
  process.on('SIGQUIT', () => loop.stop('quick', 'SIGQUIT'))
  process.on('SIGTTIN', () => loop.scale(1))
  process.on('SIGTTOU', () => loop.scale(-1))
}
