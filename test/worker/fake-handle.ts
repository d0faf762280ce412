import type { ListenHandle } from '../../packages/supervisor/src/worker/face.ts'

/** A handle that notes what is done with it. */
export class FakeHandle implements ListenHandle {
  readonly calls: string[] = []
  onconnection?: (error: number, connection: unknown) => void
  /** What `listen` returns. */
  errno = 0

  listen(backlog: number): number {
    this.calls.push(`listen ${backlog}`)
    return this.errno
  }

  close(done?: () => void): void {
    this.calls.push('close')
    if (done !== undefined) setImmediate(done)
  }

  ref(): void {
    this.calls.push('ref')
  }

  unref(): void {
    this.calls.push('unref')
  }

  getsockname(out: object): number {
    // libuv's handle has no name any more once it is closed.
    if (this.calls.includes('close')) return -9
    Object.assign(out, { address: '127.0.0.1', port: 3000, family: 'IPv4' })
    return 0
  }
}

/** The handle of a Unix socket, which has no name to ask for. */
export class PipeHandle extends FakeHandle {
  constructor() {
    super()
    Object.defineProperty(this, 'getsockname', { value: undefined })
  }
}
