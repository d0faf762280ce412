import { assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inQuotes, outsideQuotes, toJson } from '../../packages/supervisor/src/http/escape.ts'

/** Every character that could matter, one by one. */
const ALL = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code))

describe('what clients choose', () => {
  it('is printable ASCII in every format', () => {
    for (const char of [...ALL, '\ud800', '\ufeff', '\u{1f600}', '\u{e0001}']) {
      expect(toJson(char)).toMatch(/^"[\x20-\x7e]+"$/)
      expect(inQuotes(char)).toMatch(/^[\x20\x21\x23-\x7e]+$/)
      expect(outsideQuotes(char)).toMatch(/^[\x21\x23-\x7e]+$/)
    }
  })

  it('comes back out of JSON as it was', () => {
    assert(property(string({ unit: 'binary' }), (text) => JSON.parse(toJson(text)) === text))
  })

  it('is as nginx writes it between quotes', () => {
    expect(inQuotes('a "b" \\ \n\x1b[2J\xe9')).toBe('a \\x22b\\x22 \\x5C \\x0A\\x1B[2J\\xE9')
    expect(inQuotes('\u2028')).toBe('\\xE2\\x80\\xA8')
    expect(outsideQuotes('a b')).toBe('a\\x20b')
  })
})
