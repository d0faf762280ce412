import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { vi } from 'vitest'
import type { FailureView } from '../../packages/supervisor/src/dev/failure-view.ts'

/** A view with nothing but a message, for tests that look at something else. */
export const PLAIN_VIEW: FailureView = {
  summary: 'app.js threw while it started',
  title: 'TypeError',
  message: 'no database',
  code: 'SUPERVISOR_APP_THREW',
  hint: null,
  file: null,
  line: null,
  column: null,
  frame: [],
  stack: [],
  causes: [],
  generation: 1,
}

/** The app of the error page, as a worker of its own would load it. */
export async function pageFor(view: FailureView | string): Promise<RequestListener> {
  vi.resetModules()
  process.env['PREFORK_FAILURE'] = typeof view === 'string' ? view : JSON.stringify(view)
  const { default: page } = await import('../../packages/supervisor/src/dev/page-app.ts')
  return page
}

/** A server on a port of its own, whose app can be exchanged. */
export class Exchangeable implements AsyncDisposable {
  app: RequestListener
  readonly #server: Server
  #port = 0

  private constructor(app: RequestListener) {
    this.app = app
    this.#server = createServer((request, response) => this.app(request, response))
  }

  static async serving(app: RequestListener): Promise<Exchangeable> {
    const exchangeable = new Exchangeable(app)
    await exchangeable.open()
    return exchangeable
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`
  }

  get port(): number {
    return this.#port
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
