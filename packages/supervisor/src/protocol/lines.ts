import { StringDecoder } from 'node:string_decoder'

/** A line longer than this is not a message of ours: the sender is broken, and memory is not to pay for it. */
const LONGEST_LINE = 1024 * 1024

/** Cuts a byte stream into the lines of JSON that the control pipe carries. */
export class LineReader {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  #rest = ''
  /** Whether the line that has begun is dropped as a whole. */
  #isTooLong = false

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!this.#isTooLong && line.length <= LONGEST_LINE) this.#onLine(line)
      this.#isTooLong = false
    }
    if (this.#rest.length <= LONGEST_LINE) return
    this.#isTooLong = true
    this.#rest = ''
  }
}

export function toLine(message: object): string {
  return `${JSON.stringify(message)}\n`
}
