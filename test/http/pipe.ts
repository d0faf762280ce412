import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { Folder } from '../harness/folder.ts'

/** A pipe, as a shell makes it. What Node gives its children is a socket. */
export class Pipe implements Disposable {
  /** Where to write. */
  readonly fd: number
  readonly #folder = new Folder()
  readonly #reader: Socket

  constructor() {
    const path = join(this.#folder.path, 'pipe')
    execFileSync('mkfifo', [path])
    this.#reader = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), writable: false })
    this.fd = openSync(path, constants.O_WRONLY)
  }

  /** Begins to read. */
  read(onText: (text: string) => void): void {
    this.#reader.on('data', (chunk) => onText(String(chunk)))
  }

  [Symbol.dispose](): void {
    this.#reader.destroy()
    closeSync(this.fd)
    this.#folder[Symbol.dispose]()
  }
}
