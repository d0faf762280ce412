import { existsSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { Cli, fixture, type StartOptions } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { until, within } from '../harness/until.ts'

/** A line of the access log, as JSON. */
export interface Access {
  readonly event: 'request'
  readonly time: string
  readonly method: string | null
  readonly url: string | null
  readonly status: number | null
  readonly bytes: number
  readonly aborted: boolean
  readonly [field: string]: unknown
}

/** An app whose requests are logged in a file. */
export class Logged implements AsyncDisposable {
  readonly cli: Cli
  readonly path: string
  readonly #folder: Folder

  private constructor(cli: Cli, path: string, folder: Folder) {
    this.cli = cli
    this.path = path
    this.#folder = folder
  }

  /** `path` is where the log goes, if not to a file of its own. */
  static async start(
    app: string,
    args: readonly string[] = [],
    { path, ...options }: StartOptions & { readonly path?: string } = {},
  ): Promise<Logged> {
    const folder = new Folder()
    const file = path ?? join(folder.path, 'access.log')
    const all = ['--bind', '127.0.0.1:0', '--access-log', '--access-log-file', file, ...args, fixture(app)]
    try {
      return new Logged(await Cli.serving(all, options), file, folder)
    } catch (error) {
      folder[Symbol.dispose]()
      throw error
    }
  }

  get port(): number {
    return this.cli.port
  }

  get text(): string {
    return existsSync(this.path) ? readFileSync(this.path, 'utf8') : ''
  }

  /** Waits until there are so many lines, and returns them. */
  texts(count: number): Promise<string[]> {
    return until(`${count} lines in the access log\n${this.text}`, () => {
      const lines = this.text.split('\n').slice(0, -1)
      return lines.length >= count && lines
    })
  }

  async lines(count: number): Promise<Access[]> {
    return (await this.texts(count)).map((line) => JSON.parse(line) as Access)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cli[Symbol.asyncDispose]()
    this.#folder[Symbol.dispose]()
  }
}

/** The lines of the access log among others. */
export function accessIn(text: string): Access[] {
  const end = text.lastIndexOf('\n') + 1
  return text
    .slice(0, end)
    .split('\n')
    .filter((line) => line.startsWith('{"event":"request"'))
    .map((line) => JSON.parse(line) as Access)
}

/** A connection that says what it is told to, and keeps what it hears. */
export class Raw implements Disposable {
  readonly socket: Socket
  heard = ''
  readonly #closed: Promise<void>

  constructor(port: number, text: string) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => {}).on('data', (chunk) => (this.heard += chunk.toString('latin1')))
    this.#closed = new Promise((resolve) => this.socket.once('close', () => resolve()))
    this.socket.write(text, 'latin1')
  }

  hears(text: string): Promise<boolean> {
    return until(`${text} is heard, not only\n${this.heard}`, () => this.heard.includes(text))
  }

  closed(): Promise<void> {
    return within('the connection is closed', this.#closed)
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** A request as it goes over the wire. */
export function get(path: string, ...headers: readonly string[]): string {
  return `${['GET', path].join(' ')} HTTP/1.1\r\n${['Host: x', ...headers].join('\r\n')}\r\n\r\n`
}
