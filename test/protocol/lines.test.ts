import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineReader, toLine } from '../../packages/supervisor/src/protocol/lines.ts'

function read(chunks: readonly (Buffer | string)[]): string[] {
  const lines: string[] = []
  const reader = new LineReader((line) => lines.push(line))
  for (const chunk of chunks) reader.push(Buffer.from(chunk as string))
  return lines
}

/** Cuts bytes at places that a generator chose, in the middle of characters too. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}

describe('a stream of bytes', () => {
  it('is cut into lines, however it arrives', () => {
    expect(read(['one\n'])).toEqual(['one'])
    expect(read(['o', 'ne', '\n'])).toEqual(['one'])
    expect(read(['one\ntwo\n'])).toEqual(['one', 'two'])
    expect(read(['one\ntw', 'o\nthree\n'])).toEqual(['one', 'two', 'three'])
  })

  it('keeps back a line that has not ended', () => {
    expect(read(['one\ntwo'])).toEqual(['one'])
    expect(read([''])).toEqual([])
  })

  it('gives back every message that was written, wherever it was cut', () => {
    const messages = fc.array(
      fc.record({ type: fc.string(), text: fc.string({ unit: 'grapheme' }), more: fc.jsonValue() }),
    )
    fc.assert(
      fc.property(messages, fc.array(fc.nat()), (messages, places) => {
        const lines = read(cut(Buffer.from(messages.map(toLine).join('')), places))
        expect(lines).toEqual(messages.map((message) => JSON.stringify(message)))
      }),
    )
  })

  it('does not tear a character that is cut in two', () => {
    const bytes = Buffer.from('ü€😀\n')
    for (let place = 0; place <= bytes.length; place++) expect(read(cut(bytes, [place]))).toEqual(['ü€😀'])
  })
})

describe('a line that does not end', () => {
  const MEGABYTE = 'x'.repeat(1024 * 1024)

  it('is not kept, and the next message is read', () => {
    const lines = read([...Array.from({ length: 20 }, () => MEGABYTE), '\n', toLine({ type: 'ready' })])
    expect(lines.at(-1)).toBe('{"type":"ready"}')
    expect(lines.join('').length).toBeLessThan(2 * MEGABYTE.length)
  })

  it('is dropped as a whole: what comes at its end is no message', () => {
    const lines = read([MEGABYTE, MEGABYTE, toLine({ type: 'ready' }), toLine({ type: 'loaded' })])
    expect(lines).toEqual(['{"type":"loaded"}'])
  })
})

describe('a message', () => {
  it('is one line, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const line = toLine({ text })
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(JSON.parse(line)).toEqual({ text })
      }),
    )
  })
})
