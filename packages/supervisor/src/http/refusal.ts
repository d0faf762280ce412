import type { Arrival } from './arrival.ts'

type StreamArrival = Extract<Arrival, { readonly kind: 'stream' }>

/** An answer in the app's place. */
export interface Refusal {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
}

/** Answers, and ends the connection of HTTP/1.1, or the stream of HTTP/2. */
export function refuse(arrival: Arrival, { status, text, headers }: Refusal): 'answered' {
  switch (arrival.kind) {
    case 'request':
      arrival.response.writeHead(status, { ...headers, 'Content-Type': 'text/plain', Connection: 'close' }).end(text)
      break
    case 'stream':
      refuseStream(arrival, { status, text, headers })
      break
    case 'upgrade': {
      const lines = Object.entries({ ...headers, 'Content-Length': '0', Connection: 'close' })
      const head = [`HTTP/1.1 ${status} ${text}`, ...lines.map(([name, value]) => `${name}: ${value}`)]
      // Node has let go of this connection: nobody else would hear of its errors, or end it.
      arrival.socket.on('error', () => {})
      arrival.socket.end(`${head.join('\r\n')}\r\n\r\n`, () => arrival.socket.destroy())
    }
  }
  return 'answered'
}

function refuseStream({ stream, headers: asked }: StreamArrival, { status, text, headers }: Refusal): void {
  // The app never hears of this stream, so that nobody else would hear of its errors.
  stream.on('error', () => {})
  if (stream.destroyed || stream.closed) return
  const isHead = asked[':method'] === 'HEAD'
  stream.respond({ ...headers, ':status': status, 'Content-Type': 'text/plain' }, { endStream: isHead })
  if (!isHead) stream.end(text)
}
