import { describe, expect, it } from 'vitest'
import { Cli, fixture } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { makeCertificate } from '../harness/certificate.ts'
import { Folder } from '../harness/folder.ts'
import { Exchange, GET } from './exchange.ts'

const ATTACKERS = 500
const EVERY_MS = 50
/** A thousand handshakes and heads take a while where the processors are busy. */
const PATIENCE_MS = 40_000
const HEAD = `${GET.slice(0, -2)}${'X-Slow: slow\r\n'.repeat(1000)}`

/** Clients that send the head of a request byte by byte, and never come to its end. */
class Slowloris implements Disposable {
  readonly clients: readonly Exchange[]
  readonly #timer: NodeJS.Timeout
  #sent = 0

  constructor(port: number) {
    this.clients = Array.from({ length: ATTACKERS }, () => Exchange.to(port))
    this.#timer = setInterval(() => {
      const letter = HEAD[this.#sent++ % HEAD.length] ?? ''
      for (const { socket, isClosed } of this.clients) if (!isClosed && socket.writable) socket.write(letter)
    }, EVERY_MS)
  }

  get open(): number {
    return this.clients.filter(({ socket, isClosed }) => !isClosed && socket.readyState === 'open').length
  }

  get over(): number {
    return this.clients.filter(({ isClosed }) => isClosed).length
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    for (const { socket } of this.clients) socket.destroy()
  }
}

describe(`${ATTACKERS} clients that send their heads byte by byte`, () => {
  it.each(['http-handler.mjs', 'http-listen.mjs'])('keep nobody else waiting, and are sent away (%s)', async (app) => {
    const bind = app === 'http-handler.mjs' ? ['--bind', '127.0.0.1:0'] : []
    await using cli = await Cli.serving(['--workers', '2', '--timeout-headers', '4', ...bind, fixture(app)])
    using slow = new Slowloris(cli.port)
    await until('all are connected', () => slow.open + slow.over === ATTACKERS)
    let answered = 0
    await until(
      'all were sent away',
      async () => {
        const answers = await Promise.all(Array.from({ length: 4 }, () => ask({ port: cli.port })))
        expect(answers.filter(({ result }) => result !== 'ok')).toEqual([])
        answered += answers.length
        return slow.over === ATTACKERS
      },
      PATIENCE_MS,
    )
    expect(answered).toBeGreaterThan(4)
    // A byte that comes after the answer may reset the connection, and take the answer along.
    const told = slow.clients.filter(({ received }) => received !== '')
    expect(told.length).toBeGreaterThan(0)
    for (const { received } of told) expect(received).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
    expect(cli.events('worker-exited')).toEqual([])
  })

  it('or do not even begin with TLS, are sent away as well', async () => {
    using folder = new Folder()
    const { cert, key } = makeCertificate('localhost')
    const files = ['--tls-cert', folder.write('cert.pem', cert), '--tls-key', folder.write('key.pem', key)]
    const args = ['--bind', '127.0.0.1:0', '--timeout-headers', '3', ...files, fixture('http-handler.mjs')]
    await using cli = await Cli.serving(args)
    const silent = Array.from({ length: ATTACKERS }, () => Exchange.to(cli.port))
    await until('all were sent away', () => silent.every(({ isClosed }) => isClosed), PATIENCE_MS)
    using one = await Exchange.secure(cli.port, { ca: cert })
    expect(await one.send(GET).answer()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })
})
