import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { text } from 'node:stream/consumers'
import type { ConnectionOptions } from 'node:tls'
import { makeCertificate, type Certificate } from '../harness/certificate.ts'
import { Cli, fixture, type StartOptions } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { within } from '../harness/until.ts'
import { Exchange, factsOf, GET, type Facts } from './exchange.ts'

/** A folder with a certificate, which can be renewed, for a supervisor that serves over TLS. */
export class Secured implements Disposable {
  readonly folder: Folder = new Folder()
  current: Certificate
  /** The flags that name the files. */
  readonly files: readonly string[]

  constructor(first: Certificate = makeCertificate('first')) {
    this.current = first
    this.renew(first)
    this.files = ['--tls-cert', `${this.folder.path}/cert.pem`, '--tls-key', `${this.folder.path}/key.pem`]
  }

  /** Puts another certificate into the files. */
  renew(certificate: Certificate): void {
    this.current = certificate
    this.folder.write('cert.pem', certificate.cert)
    this.folder.write('key.pem', certificate.key)
  }

  /** Serves http-handler.mjs, or an app with this code. */
  serve(args: readonly string[] = [], code?: string, options?: StartOptions): Promise<Cli> {
    const app = code === undefined ? fixture('http-handler.mjs') : this.folder.write('app.mjs', code)
    return Cli.serving(['--bind', '127.0.0.1:0', ...this.files, ...args, app], options)
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]()
  }
}

/** One request over HTTP/1.1, on a connection of its own. */
export async function askOver(port: number, options: ConnectionOptions): Promise<Facts> {
  using one = await Exchange.secure(port, options)
  return factsOf(await one.send(GET).answer())
}

/** What a server shows of itself. */
export async function nameAt(port: number): Promise<string> {
  using one = await Exchange.secure(port, { rejectUnauthorized: false })
  return String(one.socket.getPeerCertificate().subject.CN)
}

/** A request under way. */
interface Begun {
  readonly answer: Promise<Answer>
  /** Ends the request, and waits for the answer. */
  readonly end: () => Promise<Answer>
}

/** A client of HTTP/2. */
export class Client implements Disposable {
  readonly session: ClientHttp2Session
  isClosed = false
  hasGoneAway = false
  error: Error | null = null

  constructor(port: number, options: ConnectionOptions) {
    this.session = connectHttp2(`https://127.0.0.1:${port}`, { servername: 'localhost', ...options })
    this.session.on('error', (error) => (this.error = error))
    this.session.once('goaway', () => (this.hasGoneAway = true))
    this.session.once('close', () => (this.isClosed = true))
  }

  /** One request, with this body or none. */
  async ask(headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.begin(headers).end()
  }

  /** A request whose body is yet to come. */
  begin(headers: Readonly<Record<string, string>> = {}): Begun {
    const stream = this.session.request({ ':path': '/', ...headers }, { endStream: false })
    const answer = new Promise<Answer>((resolve, reject) => {
      const unanswered = (): void => reject(new Error('the stream was closed without an answer'))
      stream.once('aborted', () => reject(new Error('the stream was cut off')))
      stream.once('error', reject).once('close', unanswered)
      stream.once('response', (headers) => {
        stream.removeListener('close', unanswered)
        text(stream).then((body) => resolve({ status: headers[':status'] ?? 0, headers, body }), reject)
      })
    })
    const inTime = within('an answer over HTTP/2', answer)
    // Not every test wants it.
    inTime.catch(() => {})
    return {
      answer: inTime,
      end: () => {
        stream.end()
        return inTime
      },
    }
  }

  [Symbol.dispose](): void {
    this.session.destroy()
  }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}
