import type { Duplex } from 'node:stream'

const STATUS_LINE = /^HTTP\/1\.[01] (?<status>\d{3})/

/** Hears with which status a connection is answered that is no longer HTTP's: the first that is written to it. */
export function onFirstWords(socket: Duplex, onStatus: (status: number) => void): void {
  const { write, end } = socket
  const hear = (chunk: unknown): void => {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return
    socket.write = write
    socket.end = end
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1', 0, 16)
    const status = STATUS_LINE.exec(text)?.groups?.['status']
    if (status !== undefined) onStatus(Number(status))
  }
  socket.write = ((...values: unknown[]): boolean => {
    hear(values[0])
    return Reflect.apply(write, socket, values)
  }) as Duplex['write']
  socket.end = ((...values: unknown[]): Duplex => {
    hear(values[0])
    return Reflect.apply(end, socket, values)
  }) as Duplex['end']
}
