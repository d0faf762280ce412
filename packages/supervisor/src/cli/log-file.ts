import { close, constants, openSync, write } from 'node:fs'
import { promisify } from 'node:util'
import type { SupervisorError } from '../errors.ts'
import { logFileRefusal } from '../host/log-path.ts'

const closeFile = promisify(close)
const writeTo = promisify(write)

/** What is kept while the file can't be written; newer lines are dropped, the supervisor goes on. */
const MOST_BUFFERED_BYTES = 4 * 1024 * 1024
/** How long the last lines may take to get out. */
const FLUSH_PATIENCE_MS = 1000
/** How often a pipe whose reader lags behind is tried again. */
const RETRY_MS = 100
/** Lines tell of requests and paths: nobody but the owner and the group has to read them. */
const MODE = 0o640
/** Without O_NONBLOCK the opening of a named pipe would wait for its reader. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY

/** Opens a file to add lines to. Throws a {@link SupervisorError} that says why it can't be. */
export function openLogFile(path: string): number {
  try {
    return openSync(path, FLAGS, MODE)
  } catch (error) {
    throw logFileRefusal(path, error as NodeJS.ErrnoException)
  }
}

/**
 * The supervisor's own log in a file. Line by line, so that a line is never torn between two files, and asynchronously,
 * so that a slow disk holds up nothing. Lines that a full disk refuses are kept and tried again with the next one.
 */
export class LogFile {
  readonly path: string
  readonly #onFailure: (error: SupervisorError) => void
  readonly #lines: Buffer[] = []
  #fd: number
  #size = 0
  /** How much of the first line is in the file already. */
  #written = 0
  #work: Promise<void> | null = null
  #isFailing = false

  /** `onFailure` is told when the writing begins to fail, and not again before it has gone well. */
  constructor(path: string, fd: number, onFailure: (error: SupervisorError) => void) {
    this.path = path
    this.#fd = fd
    this.#onFailure = onFailure
  }

  write(text: string): void {
    const line = Buffer.from(text)
    if (this.#size + line.length > MOST_BUFFERED_BYTES) return
    this.#lines.push(line)
    this.#size += line.length
    this.#start()
  }

  /**
   * Opens the path anew: what is there now is written to from now on, and the old file is closed before this resolves.
   * Rejects if it can't be opened; then the old file goes on.
   */
  async reopen(): Promise<void> {
    const fd = openLogFile(this.path)
    const old = this.#fd
    this.#fd = fd
    if (this.#work === null) this.#written = 0
    await this.#work
    await closeFile(old).catch(() => {})
    this.#start()
  }

  /** Gets the last lines out, or gives up, and closes the file. */
  async end(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FLUSH_PATIENCE_MS)
    })
    this.#start()
    await Promise.race([this.#work, patience])
    clearTimeout(timer)
    if (this.#work === null) await closeFile(this.#fd).catch(() => {})
  }

  #start(): void {
    if (this.#lines.length > 0) this.#work ??= this.#writeAll()
  }

  /** Writes until nothing is left, or nothing can be written. */
  async #writeAll(): Promise<void> {
    const fd = this.#fd
    try {
      for (let [line] = this.#lines; line !== undefined && fd === this.#fd; [line] = this.#lines) {
        this.#written += await this.#writeSome(fd, line.subarray(this.#written))
        if (this.#written < line.length) continue
        this.#written = 0
        this.#size -= line.length
        this.#lines.shift()
      }
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) this.#onFailure(logFileRefusal(this.path, error as NodeJS.ErrnoException))
      this.#isFailing = true
    } finally {
      // A line that a full disk has cut off is written again, whole.
      if (fd !== this.#fd) this.#written = 0
      this.#work = null
    }
  }

  async #writeSome(fd: number, rest: Buffer): Promise<number> {
    try {
      return (await writeTo(fd, rest)).bytesWritten
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref())
      return 0
    }
  }
}
