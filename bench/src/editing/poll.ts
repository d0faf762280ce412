import { connect } from 'node:net'

/** What became of one request, which is sent over a connection of its own, and once. */
export type Poll =
  | { readonly kind: 'answered'; readonly edition: number; readonly pid: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'failed'; readonly what: string }

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
const LONGEST_MS = 30_000

/** Asks which edition of the app serves. Plain sockets, since the poll is to take little of the processor's time. */
export function poll(port: number): Promise<Poll> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(REQUEST))
    socket.setEncoding('latin1').setTimeout(LONGEST_MS, () => socket.destroy())
    socket.on('data', (chunk: string) => {
      text += chunk
      const answer = answerOf(text)
      if (answer === null) return
      resolve(answer)
      socket.destroy()
    })
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      resolve(code === 'ECONNREFUSED' ? { kind: 'refused' } : { kind: 'failed', what: code })
    })
    socket.on('close', () => resolve({ kind: 'failed', what: `no answer: ${text.slice(0, 80)}` }))
  })
}

/** Null while it has not come to its end. Bodies are short and come with their length, or in chunks. */
function answerOf(text: string): Poll | null {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [head, body] = [text.slice(0, end), text.slice(end + 4)]
  const status = Number(head.split(' ')[1])
  if (status !== 200) return { kind: 'failed', what: `status ${status}` }
  const length = /^content-length: *(?<length>\d+)/im.exec(head)?.groups?.['length']
  if (length === undefined ? !body.includes('\r\n0\r\n') : body.length < Number(length)) return null
  const found = /(?<edition>\d+) (?<pid>\d+)/.exec(body)?.groups
  if (found === undefined) return { kind: 'failed', what: `answer "${body.slice(0, 80)}"` }
  return { kind: 'answered', edition: Number(found['edition']), pid: Number(found['pid']) }
}
