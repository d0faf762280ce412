import type { LogTarget } from './log-target.ts'

const { close, write, writeSync } = process.getBuiltinModule('node:fs')

/** How long a line may wait for others, so that one write does for all. */
const COLLECT_MS = 20
/** As much is written without waiting for more. */
const MUCH = 32_768
/** What is kept for a reader that has stopped reading, or a full disk; newer lines are dropped, the app goes on. */
const MOST_KEPT = 1024 * 1024
/** How soon what could not be written is tried again, at first and at last. */
const FIRST_RETRY_MS = 1
const LAST_RETRY_MS = 500
/** How long the last lines may take to get out. */
const EXIT_PATIENCE_MS = 500

/** What prevents lines from being written, by the code of its error. */
const PROBLEMS: Readonly<Record<string, string>> = {
  EAGAIN: 'nobody reads it fast enough',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
}

/**
 * Writes lines of ASCII in lots of whole lines, and never has the app wait for it: what can't be written at once waits,
 * up to a limit. Of pino's writer, which does much the same, this is what can't be had: it waits for 100 ms whenever a
 * pipe is full, tears lines between several writers, and goes on for ever where the disk is full at exit.
 */
export class LineWriter {
  #target: LogTarget
  /** What still writes to a file that was renamed. */
  #old: LogTarget | null = null
  readonly #warn: (text: string) => void
  /** Lots of whole lines, the oldest first. */
  readonly #lots: string[] = []
  /** The lot that lines are being added to. */
  #open = ''
  /** What of the oldest lot is not out yet, once it has been begun. */
  #rest: Buffer | null = null
  #size = 0
  #isUnderWay = false
  #timer: NodeJS.Timeout | null = null
  #retryMs = FIRST_RETRY_MS
  #dropped = 0
  #isTroubled = false

  /** `warn` is told when lines can't be written, once until that goes well again; and how many were lost. */
  constructor(target: LogTarget, warn: (text: string) => void) {
    this.#target = target
    this.#warn = warn
    process.once('exit', () => this.#end())
  }

  /** Takes a line, with its line break. */
  write(line: string): void {
    if (this.#size + line.length > MOST_KEPT) return this.#drop()
    this.#size += line.length
    if (this.#open.length + line.length > this.#target.mostWhole) this.#closeLot()
    this.#open += line
    if (this.#isUnderWay) return
    if (this.#timer === null) this.#wait(COLLECT_MS)
    else if (this.#size >= MUCH && this.#rest === null) this.#next()
  }

  /** Goes on with another file. A line that was cut off is written again there, whole. */
  replace(target: LogTarget): void {
    // With several changes in a row only the last write is still under way, to the first of the files.
    if (this.#old === null && this.#isUnderWay) this.#old = this.#target
    else close(this.#target.fd, () => {})
    this.#target = target
    if (!this.#isUnderWay) this.#rest = this.#rest === null ? null : this.#wholeLines(this.#rest)
  }

  #wait(ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#next(), ms).unref()
  }

  #closeLot(): void {
    if (this.#open !== '') this.#lots.push(this.#open)
    this.#open = ''
  }

  /** Writes until nothing is left, or something has to be waited for. */
  #next(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#closeLot()
    const { fd, unblock } = this.#target
    for (let rest = this.#take(); rest !== null; rest = this.#take()) {
      if (unblock === null) {
        this.#isUnderWay = true
        return write(fd, rest, 0, rest.length, null, (error, length) => this.#written(error, length))
      }
      const error = this.#writeNow(rest)
      if (error !== null) return this.#onTrouble(error)
    }
  }

  /** What is to be written next; null if there is nothing. */
  #take(): Buffer | null {
    const [lot] = this.#lots
    if (this.#rest === null && lot !== undefined) this.#rest = Buffer.from(lot, 'latin1')
    if (this.#rest === null && this.#isTroubled) this.#recover()
    return this.#rest
  }

  #written(error: NodeJS.ErrnoException | null, length: number): void {
    this.#isUnderWay = false
    if (error === null) this.#advance(length)
    if (this.#old !== null) {
      close(this.#old.fd, () => {})
      this.#old = null
      this.#rest = this.#rest === null ? null : this.#wholeLines(this.#rest)
    }
    if (error !== null) return this.#onTrouble(error)
    // What has come meanwhile waits for more, as ever.
    if (this.#rest !== null || this.#lots.length > 0 || this.#size >= MUCH) return this.#next()
    if (this.#open !== '') this.#wait(COLLECT_MS)
    else if (this.#isTroubled) this.#recover()
  }

  #writeNow(rest: Buffer): NodeJS.ErrnoException | null {
    try {
      this.#target.unblock?.()
      this.#advance(writeSync(this.#target.fd, rest))
      return null
    } catch (error) {
      return error as NodeJS.ErrnoException
    }
  }

  #advance(length: number): void {
    if (this.#rest === null) return
    this.#retryMs = FIRST_RETRY_MS
    this.#size -= length
    this.#rest = this.#rest.subarray(length)
    if (this.#rest.length > 0) return
    this.#rest = null
    this.#lots.shift()
  }

  /** What is left of the oldest lot, from the beginning of the line in whose middle it begins. */
  #wholeLines(rest: Buffer): Buffer {
    const lot = Buffer.from(this.#lots[0] ?? '', 'latin1')
    const cut = lot.length - rest.length
    const start = cut === 0 ? 0 : lot.lastIndexOf('\n', cut - 1) + 1
    this.#size += cut - start
    return lot.subarray(start)
  }

  #onTrouble({ code = '', message }: NodeJS.ErrnoException): void {
    // Nobody reads it any more (`| head -1`), which is no reason to stop serving.
    if (code === 'EPIPE') return this.#discard()
    // A reader may well be slower for a moment.
    if (code !== 'EAGAIN') this.#tell(PROBLEMS[code] ?? message)
    this.#wait(this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS)
  }

  #drop(): void {
    this.#dropped++
    this.#tell(PROBLEMS['EAGAIN'] ?? '')
  }

  #tell(problem: string): void {
    if (this.#isTroubled) return
    this.#isTroubled = true
    this.#warn(`can't be written, as ${problem}: 1 MB of lines is kept, then they are dropped. The app serves on`)
  }

  #recover(): void {
    this.#isTroubled = false
    if (this.#dropped > 0) this.#warn(`is written again; ${this.#dropped} lines of worker ${process.pid} were lost`)
    this.#dropped = 0
  }

  #discard(): void {
    this.#lots.length = 0
    this.#rest = null
    this.#size = this.#open.length
  }

  /** Gets the last lines out, or gives up. What a thread is writing, the end of the process waits for. */
  #end(): void {
    this.#closeLot()
    const deadline = performance.now() + EXIT_PATIENCE_MS
    if (this.#isUnderWay) {
      this.#lots.shift()
      this.#rest = null
    }
    for (let rest = this.#take(); rest !== null; rest = this.#take()) {
      const error = this.#writeNow(rest)
      if (error === null) continue
      if (error.code !== 'EAGAIN' || performance.now() > deadline) return this.#giveUp()
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FIRST_RETRY_MS)
    }
  }

  #giveUp(): void {
    const lost = this.#lots.join('').split('\n').length - 1 + this.#dropped
    this.#warn(`ended with ${lost} lines of worker ${process.pid} lost`)
  }
}
