import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { within } from '../harness/until.ts'
import type { Facts } from './everyone.ts'

export interface Visit extends Facts {
  readonly isResumed: boolean
  /** What a later connection can resume with. */
  readonly session: Buffer | undefined
}

/** One request over a TLS connection of its own, which tries to resume a session if it is given one. */
export async function visit(
  port: number,
  version: 'TLSv1.2' | 'TLSv1.3',
  session?: Buffer,
  path: string = '/',
): Promise<Visit> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    rejectUnauthorized: false,
    maxVersion: version,
    ...(session && { session }),
  })
  let latest = session
  let isResumed = false
  socket.once('secureConnect', () => (isResumed = socket.isSessionReused()))
  socket.on('session', (ticket) => (latest = ticket))
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  const response = await within('an answer over TLS', text(socket))
  return { pid: Number(response.split('\r\n\r\n')[1]), isResumed, session: latest }
}
