import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Loop } from '../loop.ts'

/** What the keys do, as it is said at the start. */
export const KEYS_TEXT = 'r + Enter reloads, c clears the screen, q quits'

/**
 * Listens for keys on the terminal. Nothing is read while the supervisor is in the background: the kernel would answer
 * each attempt with SIGTTIN.
 */
export class Keys {
  readonly #lines = createInterface({ input: process.stdin, terminal: false })

  constructor(loop: Loop) {
    this.#lines.on('line', (line) => press(line.trim(), loop))
    // A terminal that goes away is no reason to stop; what is to be done then, SIGHUP says.
    this.#lines.on('close', () => {})
    process.stdin.on('error', () => {})
    this.follow()
    // From the background to the foreground (`fg`), and from a halt (Ctrl-Z) to either.
    process.on('SIGCONT', () => this.follow())
  }

  /** Whether there is somebody at a terminal to press a key. */
  static isPossible(): boolean {
    return process.stdin.isTTY && process.stdout.isTTY
  }

  /** Reads as long as this is in the foreground. */
  follow(): void {
    if (isInForeground()) this.#lines.resume()
    else this.#lines.pause()
  }

  end(): void {
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
