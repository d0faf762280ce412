import { describe, expect, it } from 'vitest'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { makeCertificate } from '../harness/certificate.ts'
import { until } from '../harness/until.ts'
import { Exchange, GET, GO_ON, POST, UPGRADE } from './exchange.ts'
import { Client, nameAt, Secured } from './secured.ts'

const APP = `
  import { createServer } from 'node:http'
  import answer from ${JSON.stringify(new URL('../fixtures/http-handler.mjs', import.meta.url).href)}
  const server = createServer(answer).on('upgrade', (_request, socket) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: echo\\r\\nConnection: Upgrade\\r\\n\\r\\n')
    socket.pipe(socket)
  })
  export default server`

/** Clients that keep their connections, and never ask twice. */
class KeptClients {
  answered = 0
  readonly failures: string[] = []
  readonly #done: Promise<unknown>
  #isOver = false

  constructor(port: number, count: number) {
    this.#done = Promise.all(Array.from({ length: count }, () => this.#run(port)))
  }

  async end(): Promise<readonly string[]> {
    this.#isOver = true
    await this.#done
    return this.failures
  }

  async #run(port: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
    while (!this.#isOver) {
      await new Promise<string>((resolve, reject) => {
        request({ host: '127.0.0.1', port, agent }, (response) => void text(response).then(resolve, reject))
          .on('error', reject)
          .end()
      }).catch((error: Error) => this.failures.push(error.message))
      this.answered++
    }
    agent.destroy()
  }
}

describe('a renewed certificate', () => {
  it('is taken on HUP, and no connection is dropped for it', async () => {
    using secured = new Secured()
    await using cli = await secured.serve(['--workers', '2', '--spares', '2', '--http2'], APP)
    const { port } = cli
    const options = { ca: secured.current.cert }
    using webSocket = await Exchange.secure(port, options)
    expect(await webSocket.send(UPGRADE).answer('\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /)
    using upload = await Exchange.secure(port, options)
    await upload.send(POST).answer(GO_ON)
    using client = new Client(port, options)
    const before = await client.ask()
    const stream = client.begin({ ':method': 'POST' })
    const kept = new KeptClients(port, 4)
    await until('they are answered', () => kept.answered >= 20)
    expect(await nameAt(port)).toBe('first')

    secured.renew(makeCertificate('second'))
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    await until('the session is told to end', () => client.hasGoneAway)
    expect(await nameAt(port)).toBe('second')
    // What has begun before goes on, with the worker that has it.
    expect(await webSocket.send('hello').answer('hello')).toBe('hello')
    expect(await upload.send('x').answer()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    const { status, body } = await stream.end()
    expect([before.status, status]).toEqual([200, 200])
    expect(JSON.parse(body)).toMatchObject({ generation: 1, version: '2.0' })
    const { answered } = kept
    await until('they are answered as before', () => kept.answered >= answered + 20)
    expect(await kept.end()).toEqual([])
    for (let times = 0; times < 5; times++) expect(await nameAt(port)).toBe('second')
  })

  it.each([
    ['does not fit its key', ({ cert }: { readonly cert: string }) => ({ 'cert.pem': cert })],
    ['is not whole', ({ cert }: { readonly cert: string }) => ({ 'cert.pem': cert.slice(0, 200) })],
    ['is gone', () => ({ 'cert.pem': null })],
  ])('that %s keeps the old one, also for a worker that is replaced, and says so', async (_what, files) => {
    using secured = new Secured()
    await using cli = await secured.serve(['--workers', '2', '--spares', '0'])
    for (const [name, contents] of Object.entries(files(makeCertificate('second')))) {
      if (contents === null) secured.folder.remove(name)
      else secured.folder.write(name, contents)
    }
    cli.signal('SIGHUP')
    expect(await cli.line('reload-failed')).toMatchObject({ code: 'SUPERVISOR_TLS' })
    const pids = cli.workerPids
    expect(await nameAt(cli.port)).toBe('first')
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await cli.line('worker-ready', 4)
    expect(await nameAt(cli.port)).toBe('first')
    secured.renew(makeCertificate('third'))
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    expect(await nameAt(cli.port)).toBe('third')
  })

  it('is served to who asks for another page on a kept connection, once that has ended', async () => {
    using secured = new Secured()
    await using cli = await secured.serve()
    using one = await Exchange.secure(cli.port, { ca: secured.current.cert })
    expect(await one.send(GET).answer()).toContain('\r\nConnection: keep-alive\r\n')
    secured.renew(makeCertificate('second'))
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    expect(await one.send(GET).answer()).toContain('\r\nConnection: close\r\n')
    await one.closed()
  })
})
