import { onTestFinished } from 'vitest'
import { Listeners } from '../../packages/supervisor/src/host/listeners.ts'
import { WorkerProcess } from '../../packages/supervisor/src/host/worker-process.ts'
import type { ListenQuery, Message } from '../../packages/supervisor/src/protocol/messages.ts'
import type { Order } from '../../packages/supervisor/src/protocol/orders.ts'
import { fixture, isAlive, NOBODY, ROOT } from '../harness/cli.ts'
import { until, within } from '../harness/until.ts'

type Go = Extract<Order, { readonly type: 'go' }>
type Told<Type extends Message['type']> = Extract<Message, { readonly type: Type }>

const AGENT = new URL(`file://${ROOT}packages/supervisor/dist/worker/agent.js`).href

export const GO: Go = {
  type: 'go',
  accept: 'shared',
  sticky: 'off',
  bind: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
  isActivated: false,
  gracefulTimeoutMs: 20_000,
  isBindChosen: true,
  app: { name: null, factory: false, mode: 'auto' },
  ready: { mode: 'listen', path: null },
  preload: { requires: [], imports: [], hooksFile: null },
  http: { limits: { concurrency: null, headers: null, backlog: null, server: {} } },
  tls: null,
  title: 'worker under test',
  isCheck: false,
  beatMs: 0,
  requestLimit: null,
  measuresLoopDelay: false,
}

/** A real worker, without a supervisor: what that would do is the test's. */
export class AgentProcess {
  readonly messages: Message[] = []
  readonly exited: Promise<number | null>
  port = 0
  readonly #process: WorkerProcess
  readonly #listeners = new Listeners([], [], ({ type, address }) => {
    if (type === 'listener-bound') this.port = Number(address.split(':').at(-1))
  })

  private constructor(
    app: string,
    go: Partial<Go> | null,
    execArgv: readonly string[],
    env: Readonly<Record<string, string>>,
  ) {
    let onExit: (code: number | null) => void = () => {}
    this.exited = new Promise((resolve) => (onExit = resolve))
    const launch = { app, args: [], folder: ROOT, execArgv: [...execArgv, '--import', AGENT], env }
    this.#process = new WorkerProcess(
      { ...launch, env: { ...env, PREFORK_AGENT: '1' } },
      {
        onMessage: (message) => void this.#onMessage(message),
        onReadySignal: () => {},
        onExit: (code) => onExit(code),
        onForkFailed: () => onExit(null),
      },
    )
    onTestFinished(() => this.#end())
    if (go !== null) this.go(go)
  }

  /** Starts an app, the name of a fixture or a path, and returns when it accepts. */
  static async accepting(
    app: string,
    go: Partial<Go> = {},
    execArgv: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<AgentProcess> {
    const agent = new AgentProcess(app.startsWith('/') ? app : fixture(app), go, execArgv, env)
    await agent.told('ready')
    agent.order({ type: 'accept' })
    await agent.told('accepting')
    return agent
  }

  /** Starts a process that has not been told to go. */
  static waiting(
    app: string,
    execArgv: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): AgentProcess {
    return new AgentProcess(app, null, execArgv, env)
  }

  /** Tells it to go, and returns when it accepts. */
  async promoted(go: Partial<Go> = {}): Promise<void> {
    this.go(go)
    await this.told('ready')
    this.order({ type: 'accept' })
    await this.told('accepting')
  }

  go(go: Partial<Go> = {}): void {
    this.order({ ...GO, ...go })
  }

  get pid(): number {
    return this.#process.pid ?? NOBODY
  }

  order(order: Order): void {
    this.#process.order(order)
  }

  all<Type extends Message['type']>(type: Type): Told<Type>[] {
    return this.messages.filter((message): message is Told<Type> => message.type === type)
  }

  /** Waits for the `count`th message of a type. */
  told<Type extends Message['type']>(type: Type, count = 1): Promise<Told<Type>> {
    return until(`the worker tells ${type}`, () => this.all(type)[count - 1])
  }

  exit(): Promise<number | null> {
    return within('the worker ends', this.exited)
  }

  /** Hands the socket for an address over, as one that the generation before has used. Returns when it has come. */
  async bequeath(query: ListenQuery): Promise<void> {
    const binding = await this.#listeners.get(query, 1)
    if (binding.kind === 'refused') throw new Error(binding.errno)
    this.order({ type: 'inherit', request: -1, query })
    this.#process.sendHandle(-1, binding.handle)
    await this.told('received')
  }

  async #onMessage(message: Message): Promise<void> {
    this.messages.push(message)
    if (message.type === 'listen' && !message.isInherited) await this.#answer(message.request, message.query)
  }

  async #answer(request: number, query: ListenQuery): Promise<void> {
    const binding = await this.#listeners.get(query, 1)
    const { ticketKeys } = this.#listeners
    const errno = binding.kind === 'bound' ? null : binding.errno
    this.order({ type: 'bound', request, errno, ticketKeys })
    if (binding.kind === 'bound') this.#process.sendHandle(request, binding.handle)
  }

  async #end(): Promise<void> {
    this.#listeners.close()
    if (isAlive(this.pid)) this.#process.kill('SIGKILL')
    await within('the worker is gone', this.exited)
  }
}
