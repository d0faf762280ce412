/** An answer as far as it matters to the client. */
export interface Answer {
  readonly isRight: boolean
  readonly pid: number
  readonly closes: boolean
}

const HEAD_END = '\r\n\r\n'

/** The answer, once all of it has come. The apps of the benches say how long theirs is. */
export function parseAnswer(text: string): Answer | null {
  const headEnd = text.indexOf(HEAD_END)
  if (headEnd === -1) return null
  const head = text.slice(0, headEnd)
  const length = /\r\ncontent-length: *(?<length>\d+)/i.exec(head)?.groups?.['length']
  const body = text.slice(headEnd + HEAD_END.length)
  if (length !== undefined && body.length < Number(length)) return null
  return {
    isRight: length !== undefined && head.startsWith('HTTP/1.1 200 ') && /^\d+$/.test(body),
    pid: Number(body),
    closes: /\r\nconnection: *close/i.test(head),
  }
}
