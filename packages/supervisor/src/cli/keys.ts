import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Loop } from '../loop.ts'

/** What the keys do, as it is said when they can be pressed. */
export const KEYS_TEXT = 'r + Enter reloads, c clears the screen, q quits'

/** A shell tells nobody whom it puts in the foreground while he runs: so often that is looked at in the background. */
const LOOK_EVERY_MS = 250

/**
 * Listens for keys on the terminal. Nothing is read while the supervisor is in the background: the kernel would answer
 * each attempt with SIGTTIN.
 */
export class Keys {
  readonly #lines = createInterface({ input: process.stdin, terminal: false })
  #onReading: (() => void) | null
  #timer: NodeJS.Timeout | undefined

  /** `onReading` is called when keys can be pressed for the first time. */
  constructor(loop: Loop, onReading: () => void) {
    this.#onReading = onReading
    this.#lines.on('line', (line) => press(line.trim(), loop))
    // A terminal that goes away is no reason to stop; what is to be done then, SIGHUP says.
    this.#lines.on('close', () => {})
    process.stdin.on('error', () => {})
    this.follow()
    // From a halt (Ctrl-Z) to the foreground or the background.
    process.on('SIGCONT', () => this.follow())
  }

  /** Whether there is somebody at a terminal to press a key. */
  static isPossible(): boolean {
    return process.stdin.isTTY && process.stdout.isTTY
  }

  /** Reads as long as this is in the foreground. */
  follow(): void {
    clearTimeout(this.#timer)
    if (isInForeground()) {
      this.#lines.resume()
      this.#onReading?.()
      this.#onReading = null
      return
    }
    this.#lines.pause()
    this.#timer = setTimeout(() => this.follow(), LOOK_EVERY_MS).unref()
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#lines.close()
  }
}

function press(key: string, loop: Loop): void {
  if (key === 'r') void loop.reload('r').catch(() => {})
  if (key === 'c') process.stdout.write('\u001b[2J\u001b[3J\u001b[H')
  if (key === 'q') loop.stop('quick', 'q')
}

/** proc(5): the foreground process group of the terminal is the eighth field of `stat`, this process's the fifth. */
export function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return group === foreground
  } catch {
    return true
  }
}
