import type { Arrival, Step } from './arrival.ts'

const ANSWER = '505 HTTP Version Not Supported'

/**
 * Refuses who writes another version of HTTP into a request of HTTP/1.1: Node's parser also takes `HTTP/2.0` and `HTTP/0.9`,
 * and frameworks would believe it.
 */
export const refuseVersion: Step = (arrival) => {
  if (arrival.kind === 'stream' || arrival.request.httpVersionMajor === 1) return 'passed'
  refuse(arrival)
  return 'answered'
}

function refuse(arrival: Exclude<Arrival, { readonly kind: 'stream' }>): void {
  if (arrival.kind === 'request') {
    arrival.response.writeHead(505, { 'Content-Length': '0', Connection: 'close' }).end()
    return
  }
  // Node has let go of this connection: nobody else would hear of its errors, or end it.
  arrival.socket.on('error', () => {})
  arrival.socket.end(`HTTP/1.1 ${ANSWER}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`, () =>
    arrival.socket.destroy(),
  )
}
