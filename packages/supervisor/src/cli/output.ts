import { constants, fstatSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
// The package is CommonJS, whose named exports Node does not find.
import sonicBoom from 'sonic-boom'

const { SonicBoom } = sonicBoom

const STDOUT = 1
const STDERR = 2
/** What is kept for a reader that has stopped reading; newer lines are dropped, the supervisor goes on. */
const MOST_BUFFERED_BYTES = 4 * 1024 * 1024
/** How long the last lines may take to get out. */
const FLUSH_PATIENCE_MS = 1000

/**
 * Standard output, or standard error, that never blocks the supervisor, whoever reads it and however slowly.
 *
 * The workers write to the same pipe, blocking, and whether it blocks is a property of the open file that all share:
 * so the supervisor opens it a second time for itself. A socket can't be opened again; there the writes block in a
 * thread of libuv's pool, and `end` frees that thread, without which the process could not exit.
 */
export class Output {
  readonly #destination: InstanceType<typeof SonicBoom>
  readonly #isSocket: boolean
  #isBroken = false

  readonly #fd: number

  constructor(fd: typeof STDOUT | typeof STDERR = STDOUT) {
    this.#fd = fd
    // As bigints: see worker/output.ts.
    const kind = fstatSync(fd, { bigint: true })
    this.#isSocket = kind.isSocket()
    // pino's own destination flushes at exit, synchronously: with a reader that has stalled, that never returns.
    this.#destination = new SonicBoom({
      fd: this.#isSocket || kind.isFile() ? fd : reopen(fd),
      sync: false,
      maxLength: MOST_BUFFERED_BYTES,
    })
    this.#destination.on('error', () => {
      // The reader has gone (`| head -1`), or the disk is full: neither is a reason to stop serving.
      this.#isBroken = true
    })
  }

  write(text: string): void {
    if (!this.#isBroken) this.#destination.write(text)
  }

  /** Gets the last lines out, or gives up: a reader that has stalled must not keep the supervisor from ending. */
  async end(): Promise<void> {
    if (this.#isBroken) return
    const flushed = new Promise<boolean>((resolve) => this.#destination.once('close', () => resolve(true)))
    this.#destination.end()
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), FLUSH_PATIENCE_MS)
    })
    const isOut = await Promise.race([flushed, patience])
    clearTimeout(timer)
    if (!isOut && this.#isSocket) await shutdown(this.#fd)
  }
}

function reopen(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    // Not Linux, or a sandbox without /proc.
    return fd
  }
}

/** Closes the sending side of the socket, which makes a write that blocks fail. */
function shutdown(fd: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = new Socket({ fd, readable: false, writable: true })
    socket.on('error', () => resolve())
    socket.end(() => resolve())
  })
}
