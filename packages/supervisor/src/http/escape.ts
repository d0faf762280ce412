/*
 * Clients choose most of what stands in a line. Whatever is not printable ASCII is escaped in every format: a line break
 * can't begin a line of its own, an escape sequence can't move a terminal's cursor, and no character that turns text
 * around or separates lines elsewhere (U+2028, U+0085) gets through. So a line is ASCII, and as long as it looks.
 */

/** Most texts have nothing to escape, which is found out faster than it is to replace nothing. */
const IS_UNSAFE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/
const IS_UNSAFE_OUTSIDE = /[^\x21\x23-\x5b\x5d-\x7e]/
const BEYOND_ASCII = /[^\x20-\x7e]/g
const UNSAFE_IN_QUOTES = /[^\x20\x21\x23-\x5b\x5d-\x7e]/gu
const UNSAFE_OUTSIDE = /[^\x21\x23-\x5b\x5d-\x7e]/gu

/** A text as JSON. */
export function toJson(text: string): string {
  if (!IS_UNSAFE.test(text)) return `"${text}"`
  return JSON.stringify(text).replace(BEYOND_ASCII, (char) => `\\u${hex(char.charCodeAt(0), 4)}`)
}

/** A text between quotes, escaped as nginx does: `\x22`. */
export function inQuotes(text: string): string {
  return IS_UNSAFE.test(text) ? text.replace(UNSAFE_IN_QUOTES, escapeBytes) : text
}

/** A text outside of quotes, where a space would end it. */
export function outsideQuotes(text: string): string {
  return IS_UNSAFE_OUTSIDE.test(text) ? text.replace(UNSAFE_OUTSIDE, escapeBytes) : text
}

/** Node has headers of HTTP/1.1 as bytes, one a character: those stay single. */
function escapeBytes(char: string): string {
  const code = char.codePointAt(0) ?? 0
  if (code <= 0xff) return `\\x${hex(code, 2)}`
  return [...Buffer.from(char)].map((byte) => `\\x${hex(byte, 2)}`).join('')
}

function hex(code: number, digits: number): string {
  return code.toString(16).toUpperCase().padStart(digits, '0')
}
