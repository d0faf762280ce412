import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
const PATIENCE_MS = 1000

/**
 * Answers one request, so that what of Node serves HTTP has run once: V8 compiles each function when it is called first,
 * which takes the first request of an app several times as long as the next one. `ignore` is told of the server, which
 * is not the app's. Whatever goes wrong: it is only to save time.
 */
export async function rehearse(ignore: (server: Server) => void): Promise<void> {
  const server = createServer((_, response) => response.end('ok'))
  ignore(server)
  let folder: string | null = null
  try {
    folder = mkdtempSync(join(tmpdir(), 'prefork-'))
    const path = join(folder, 'rehearsal')
    // Exclusive: it is nothing that the supervisor would have to know.
    server.listen({ path, exclusive: true })
    await once(server, 'listening')
    const socket = connect(path, () => socket.write(REQUEST))
    socket.resume().setTimeout(PATIENCE_MS, () => socket.destroy())
    await once(socket, 'close')
  } catch {
    // Then the app's first request takes its time.
  } finally {
    server.close()
    if (folder !== null) rmSync(folder, { recursive: true, force: true })
  }
}
