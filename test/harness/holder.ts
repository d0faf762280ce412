import { createServer, type Server } from 'node:net'

/** Holds a port of 127.0.0.1 until it is disposed. */
export class Holder implements AsyncDisposable {
  readonly #server: Server = createServer((socket) => socket.destroy())

  static async of(port: number): Promise<Holder> {
    const holder = new Holder()
    await new Promise<void>((resolve, reject) => {
      holder.#server.once('error', reject)
      holder.#server.listen(port, '127.0.0.1', resolve)
    })
    return holder
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
  }
}
