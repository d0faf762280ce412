import type { Writable } from 'node:stream'

/** A response, or a stream of HTTP/2, whose body is measured. */
interface Measured extends Writable {
  [LENGTH]?: number
}

const LENGTH = Symbol('prefork.bodyLength')

/**
 * Measures what the app writes: Node counts only what goes over a connection, where the answers to several requests
 * follow one another, headers and all. What the prototype does is looked up when it is called, since Express gives
 * responses another prototype.
 */
export function measureBody(body: Writable): void {
  const measured = body as Measured
  measured[LENGTH] = 0
  measured.write = measuredWrite as Writable['write']
  measured.end = measuredEnd as Writable['end']
}

export function isMeasured(body: Writable): boolean {
  return LENGTH in body
}

/** How many bytes have been written by now. */
export function bodyLength(body: Writable): number {
  return (body as Measured)[LENGTH] ?? 0
}

function measuredWrite(this: Measured, ...values: unknown[]): unknown {
  count(this, values[0], values[1])
  return Reflect.apply(prototypeOf(this).write, this, values)
}

function measuredEnd(this: Measured, ...values: unknown[]): unknown {
  count(this, values[0], values[1])
  return Reflect.apply(prototypeOf(this).end, this, values)
}

function prototypeOf(body: Measured): Writable {
  return Reflect.getPrototypeOf(body) as Writable
}

/** What comes after the end is refused, and so is what is neither text nor bytes. */
function count(body: Measured, chunk: unknown, encoding: unknown): void {
  if (body.writableEnded) return
  if (typeof chunk === 'string') {
    const length = Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
    body[LENGTH] = (body[LENGTH] ?? 0) + length
  } else if (chunk instanceof Uint8Array) body[LENGTH] = (body[LENGTH] ?? 0) + chunk.length
}
