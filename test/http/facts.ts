import { connect as connect2, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2'
import { connect, type NetConnectOpts, type TcpNetConnectOpts } from 'node:net'
import { text } from 'node:stream/consumers'
import { Cli, fixture, type StartOptions } from '../harness/cli.ts'
import { ask, type AskOptions } from '../harness/client.ts'
import { within } from '../harness/until.ts'

/** An address of this machine that nobody trusts by default; what connects without another one is 127.0.0.1. */
export const STRANGER = '127.0.0.2'

/** What the app of `fixtures/http-facts.mjs` sees of a request. */
export interface Facts {
  readonly method: string
  readonly url: string
  readonly originalUrl?: string
  readonly baseUrl?: string
  readonly headers: Readonly<Record<string, string>>
  readonly rawHeaders: readonly string[]
  readonly headersDistinct?: Readonly<Record<string, readonly string[]>>
  readonly client: { readonly address: string | null; readonly port: number | null; readonly protocol: string }
  readonly rootPath?: string | null
}

/** The app that tells what it sees. */
export function serveFacts(args: readonly string[] = [], options: StartOptions = {}): Promise<Cli> {
  return Cli.serving(['--bind', '127.0.0.1:0', ...args, fixture('http-facts.mjs')], options)
}

/** The same over HTTP/2, and how to ask it. */
export function serveFacts2(args: readonly string[] = []): Promise<Cli> {
  return serveFacts(args, { env: { HTTP2: '1' } })
}

export async function factsOf(options: AskOptions): Promise<Facts> {
  const { body, error, status } = await ask(options)
  if (status !== 200) throw new Error(`the answer is ${status} ${error ?? ''} ${body}`)
  return JSON.parse(body) as Facts
}

/** What a server says to these bytes, until it ends the connection. */
export async function rawAnswer(to: NetConnectOpts, bytes: string): Promise<string> {
  const socket = connect(to)
  socket.on('error', () => {})
  socket.write(bytes, 'latin1')
  return await within(
    'the connection ends',
    text(socket).catch(() => ''),
  )
}

/** What the app sees of a request that makes the connection its own. */
export async function factsOfHandedOver(to: NetConnectOpts, head: readonly string[]): Promise<Facts> {
  const answer = await rawAnswer(to, `${head.join('\r\n')}\r\n\r\n`)
  return JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as Facts
}

/** The answer to a request over HTTP/2, from an address of one's own. */
export async function ask2(
  to: TcpNetConnectOpts,
  headers: OutgoingHttpHeaders,
): Promise<{ readonly headers: Readonly<Record<string, unknown>>; readonly body: string }> {
  const session: ClientHttp2Session = connect2(`http://127.0.0.1:${to.port}`, { createConnection: () => connect(to) })
  session.on('error', () => {})
  try {
    const stream = session.request(headers)
    const head = new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
      stream.once('response', (values) => resolve({ ...values }))
      stream.once('error', reject)
    })
    const answered = Promise.all([head, text(stream)])
    const [values, body] = await within('HTTP/2 answers', answered)
    return { headers: values, body }
  } finally {
    session.destroy()
  }
}
