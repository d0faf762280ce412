import { closeSync, constants, openSync } from 'node:fs'
import type { Loop } from '../loop.ts'

/** What signals are passed on to. */
interface Followed {
  readonly loop: Loop
  /** Opens the log file anew. */
  reopenLog(): void
}

/** Set by the command's first line where SIGHUP was ignored (nohup): Node no longer knows when it has started. */
const NOHUP = 'PREFORK_NOHUP'

/** The signal that tells of a closed terminal may come before the terminal has gone. */
const CLOSING_MS = 50

/** Whether the command goes on when its terminal closes. The mark is deleted: it is for the supervisor alone. */
export function takeNohup(env: NodeJS.ProcessEnv): boolean {
  const isMarked = env[NOHUP] !== undefined
  delete env[NOHUP]
  return isMarked
}

/**
 * Passes the signals that gunicorn knows on to the supervisor. See docs/signals.md. A signal that comes before there is
 * one waits for it. `staysOn`: a terminal that closes is no reason to stop.
 */
export function followSignals(run: Promise<Followed>, staysOn: boolean): void {
  const follow = (signal: NodeJS.Signals, act: (followed: Followed) => void): void => {
    process.on(signal, () => void run.then(act, () => {}))
  }
  follow('SIGTERM', ({ loop }) => loop.stop('graceful', 'SIGTERM'))
  follow('SIGINT', ({ loop }) => loop.stop('quick', 'SIGINT'))
  follow('SIGQUIT', ({ loop }) => loop.stop('quick', 'SIGQUIT'))
  follow('SIGTTIN', ({ loop }) => loop.scale(1))
  follow('SIGTTOU', ({ loop }) => loop.scale(-1))
  // Without a listener Node would open its inspector.
  follow('SIGUSR1', (followed) => followed.reopenLog())
  const terminal = new Terminal()
  follow('SIGHUP', ({ loop }) => void onHangUp(loop, terminal, staysOn))
}

/** A reload, unless a terminal that closes ends what runs in it. */
async function onHangUp(loop: Loop, terminal: Terminal, staysOn: boolean): Promise<void> {
  if (await terminal.hasClosed()) {
    if (!staysOn) loop.stop('graceful', 'SIGHUP')
    return
  }
  // What goes wrong is reported.
  await loop.reload('SIGHUP').catch(() => {})
}

/** The terminal that the command was started in, if it was. */
export class Terminal {
  #isThere: boolean = canOpen()

  /** Whether it was there and has closed since; true once. */
  async hasClosed(): Promise<boolean> {
    if (!this.#isThere) return false
    await new Promise((resolve) => setTimeout(resolve, CLOSING_MS))
    if (!this.#isThere || canOpen()) return false
    this.#isThere = false
    return true
  }
}

function canOpen(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK))
    return true
  } catch {
    return false
  }
}
