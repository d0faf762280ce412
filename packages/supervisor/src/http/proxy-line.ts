import type { Duplex } from 'node:stream'

/** How the PROXY protocol begins: version 1 as text, version 2 with these bytes. */
const BEGINNING = /^(?:PROXY |\r\n\r\n\0\r\nQUIT\n)/
const ANSWER =
  'The PROXY protocol is not spoken here. Turn it off in the proxy or balancer, and have that send X-Forwarded-For.\n'

/** Answers who begins with the PROXY protocol, so that it can be told from other bad requests. Returns whether it did. */
export function answerProxyLine(error: unknown, socket: Duplex & { readonly bytesWritten?: number }): boolean {
  const { rawPacket } = (error ?? {}) as { readonly rawPacket?: unknown }
  if (!Buffer.isBuffer(rawPacket) || socket.bytesWritten !== 0 || !socket.writable) return false
  if (!BEGINNING.test(rawPacket.toString('latin1', 0, 12))) return false
  const head = ['HTTP/1.1 400 Bad Request', 'Connection: close', 'Content-Type: text/plain']
  socket.end(`${head.join('\r\n')}\r\nContent-Length: ${ANSWER.length}\r\n\r\n${ANSWER}`, () => socket.destroy())
  return true
}
