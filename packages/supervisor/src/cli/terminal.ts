import { closeSync, constants, openSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/** The signal that tells of a closed terminal may come before the terminal has gone. */
const CLOSING_MS = 50

/** The terminal that the command was started in, if it was. */
export class Terminal {
  #isThere: boolean = canOpen()

  /** Whether it was there and has closed since; true once. */
  async hasClosed(): Promise<boolean> {
    if (!this.#isThere) return false
    await wait(CLOSING_MS)
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
