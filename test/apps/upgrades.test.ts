import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { Project } from '../frameworks/project.ts'
import { until, within } from '../harness/until.ts'
import { reload } from '../promises/release.ts'
import { ascending } from './everyone.ts'

const ARGS = ['--workers', '2', '--bind', '127.0.0.1:0', 'app.mjs']

/** Takes `Upgrade: echo`, and then says who it is and sends back what it gets. */
const RAW = `
  import { createServer } from 'node:http'
  import { worker } from '@prefork/supervisor/worker'
  const server = createServer((request, response) => response.end('not upgraded'))
  const open = new Set()
  server.on('upgrade', (request, socket, head) => {
    open.add(socket.on('close', () => open.delete(socket)))
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: echo\\r\\nConnection: Upgrade\\r\\n\\r\\n')
    socket.write(process.pid + '\\n')
    if (head.length > 0) socket.write(head)
    socket.pipe(socket)
  })
  globalThis.leave = () => { for (const socket of open) socket.end('leaving\\n') }
  worker.onDrain(() => { if (process.env.POLITE === '1') globalThis.leave() })
  export default server`

/** Answers each message with the message and its generation; says goodbye when it leaves. */
const CHAT = `
  import { createServer } from 'node:http'
  import { worker } from '@prefork/supervisor/worker'
  import { WebSocketServer } from 'ws'
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  let isLeaving = false
  const part = (socket) => socket.close(1001, 'leaving')
  sockets.on('connection', (socket) => {
    if (isLeaving) part(socket)
    socket.on('message', (data) => socket.send(worker.generation + ' ' + process.pid + ' ' + data))
  })
  worker.onDrain(() => {
    isLeaving = true
    sockets.clients.forEach(part)
  })
  export default server`

class Upgraded {
  readonly socket: Socket
  readonly ended: Promise<unknown>
  received = ''

  constructor(port: number, early = '') {
    this.socket = connect(port, '127.0.0.1').setEncoding('utf8')
    this.ended = once(this.socket, 'end')
    this.socket.on('data', (chunk) => (this.received += String(chunk)))
    this.socket.write(`GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n${early}`)
    onTestFinished(() => void this.socket.destroy())
  }

  async pid(): Promise<number> {
    const found = await until('an upgrade', () => /^HTTP\/1\.1 101 [^]*\r\n\r\n(\d+)\n/.exec(this.received))
    return Number(found[1])
  }

  async echo(word: string): Promise<void> {
    this.socket.write(`${word}\n`)
    await until(`the echo of ${word}`, () => this.received.endsWith(`${word}\n`))
  }
}

/** Opens connections until each of two workers has one. */
async function oneOfEach(port: number): Promise<Map<number, Upgraded>> {
  const found = new Map<number, Upgraded>()
  await until('each worker has a connection', async () => {
    for (const upgraded of Array.from({ length: 8 }, () => new Upgraded(port))) {
      found.set(await upgraded.pid(), upgraded)
    }
    return found.size === 2
  })
  return found
}

describe('an upgrade handler', () => {
  it('gets connections in every worker, with what was sent along with the upgrade', async () => {
    using project = new Project({ 'app.mjs': RAW }, 'frameworks')
    await using cli = await project.serving(ARGS)
    const found = await oneOfEach(cli.port)
    expect(ascending([...found.keys()])).toEqual(ascending(cli.workerPids))
    const early = new Upgraded(cli.port, 'early\n')
    await until('what came early is sent back', () => early.received.endsWith('early\n'))
  })

  it('keeps them through a reload, in the old workers, while new ones go to the new workers', async () => {
    using project = new Project({ 'app.mjs': RAW }, 'frameworks')
    await using cli = await project.serving(ARGS)
    const old = await oneOfEach(cli.port)
    const before = [...cli.workerPids]
    await reload(cli)
    for (const upgraded of old.values()) await upgraded.echo('still here')
    const fresh = await oneOfEach(cli.port)
    expect(ascending([...fresh.keys()])).toEqual(ascending(cli.workerPids.slice(-2)))
    expect(before.every((pid) => cli.liveWorkerPids.includes(pid))).toBe(true)
  })

  it('may end them in onDrain, which lets the old workers go', async () => {
    using project = new Project({ 'app.mjs': RAW }, 'frameworks')
    await using cli = await project.serving(ARGS, { env: { POLITE: '1' } })
    const old = await oneOfEach(cli.port)
    await reload(cli)
    for (const upgraded of old.values()) {
      await within('the goodbye', upgraded.ended)
      expect(upgraded.received).toMatch(/leaving\n$/)
    }
    await until('the old workers have gone', () => cli.liveWorkerPids.length === 2)
    expect(cli.events('worker-killed')).toEqual([])
  })
})

/** A client as one would write it: asks, and asks again on a new connection when the old one was ended in good order. */
class Chat {
  readonly codes: number[] = []
  readonly errors: string[] = []
  readonly generations = new Set<string>()
  answered = 0
  readonly #port: number
  #socket: WebSocket | null = null
  #isEnded = false

  constructor(port: number) {
    this.#port = port
    this.#connect()
  }

  end(): void {
    this.#isEnded = true
    this.#socket?.terminate()
  }

  #connect(): void {
    const socket = new WebSocket(`ws://127.0.0.1:${this.#port}`)
    this.#socket = socket
    socket.on('open', () => socket.send(`question ${this.answered}`))
    socket.on('message', (data) => {
      const [generation = '', , ...question] = (data as Buffer).toString().split(' ')
      if (question.join(' ') !== `question ${this.answered}`) this.errors.push(`an answer to ${question.join(' ')}`)
      this.generations.add(generation)
      this.answered++
      setImmediate(() => socket.readyState === WebSocket.OPEN && socket.send(`question ${this.answered}`))
    })
    socket.on('error', (error) => this.#isEnded || this.errors.push(error.message))
    socket.on('close', (code) => {
      if (this.#isEnded) return
      this.codes.push(code)
      this.#connect()
    })
  }
}

it('reloads an app with ws twice, and every client only ever sees a goodbye', async () => {
  using project = new Project({ 'app.mjs': CHAT }, 'frameworks')
  await using cli = await project.serving(ARGS)
  const chats = Array.from({ length: 8 }, () => new Chat(cli.port))
  onTestFinished(() => chats.forEach((chat) => chat.end()))
  await answeredBy('1', chats)
  for (const generation of ['2', '3']) {
    await reload(cli)
    await answeredBy(generation, chats)
  }
  for (const chat of chats) {
    expect(chat.errors).toEqual([])
    expect(new Set(chat.codes)).toEqual(new Set([1001]))
  }
  await until('the old workers have gone', () => cli.liveWorkerPids.length === 2)
  expect(cli.events('worker-killed')).toEqual([])
})

async function answeredBy(generation: string, chats: readonly Chat[]): Promise<void> {
  await until(`generation ${generation} answers all`, () => chats.every((chat) => chat.generations.has(generation)))
}
