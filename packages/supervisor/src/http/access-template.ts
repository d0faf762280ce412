import type { Atom, TemplatePart } from '../protocol/access-log.ts'
import { inQuotes, outsideQuotes } from './escape.ts'
import { loggedStatus, type Exchange } from './exchange.ts'

type Letter = Extract<Atom, { readonly kind: 'letter' }>['letter']
type Value = (exchange: Exchange) => unknown

/** Writes lines as a template says, with gunicorn's meaning of each letter. What is not known is `-`. */
export function templateFormat(parts: readonly TemplatePart[]): (exchange: Exchange) => string {
  const pieces = parts.map((part): ((exchange: Exchange) => string) => {
    if (part.kind === 'text') return () => part.text
    // The one that has a space of its own.
    if (part.atom.kind === 'letter' && part.atom.letter === 't') return localTime
    const value = valueOf(part.atom)
    const escape = part.isQuoted ? inQuotes : outsideQuotes
    return (exchange) => shown(value(exchange), escape)
  })
  return (exchange) => {
    let line = ''
    for (const piece of pieces) line += piece(exchange)
    return `${line}\n`
  }
}

function shown(value: unknown, escape: (text: string) => string): string {
  if (typeof value === 'number') return String(value)
  const text = Array.isArray(value) ? value.join(', ') : value
  return typeof text === 'string' && text !== '' ? escape(text) : '-'
}

function valueOf(atom: Atom): Value {
  switch (atom.kind) {
    case 'letter':
      return LETTERS[atom.letter]
    case 'request-header':
      return ({ headers }) => headers[atom.name]
    case 'response-header':
      return ({ answered }) => answered(atom.name)
    case 'variable':
      return () => process.env[atom.name]
  }
}

const LETTERS: Readonly<Record<Letter, Value>> = {
  h: ({ client }) => client,
  l: () => '-',
  u: ({ headers }) => userOf(headers.authorization),
  t: () => localTime(),
  r: ({ method, url, protocol }) => (method === null ? null : `${method} ${url} ${protocol}`),
  m: ({ method }) => method,
  U: ({ url }) => url?.split('?', 1)[0],
  q: ({ url }) => url?.split('?').slice(1).join('?'),
  H: ({ protocol }) => protocol,
  s: loggedStatus,
  B: ({ bytes }) => bytes,
  b: ({ bytes }) => (bytes === 0 ? null : bytes),
  f: ({ headers }) => headers.referer,
  a: ({ headers }) => headers['user-agent'],
  T: ({ ms }) => Math.floor(ms / 1000),
  D: ({ ms }) => Math.round(ms * 1000),
  M: ({ ms }) => Math.round(ms),
  L: ({ ms }) => (ms / 1000).toFixed(6),
  p: () => `<${process.pid}>`,
}

/** The name that a client gives with the scheme Basic; whether the password was right, the app knows. */
function userOf(authorization: string | undefined): string | null {
  const encoded = /^basic +(?<encoded>\S+)/i.exec(authorization ?? '')?.groups?.['encoded']
  if (encoded === undefined) return null
  const [name = '', ...password] = Buffer.from(encoded, 'base64').toString().split(':')
  return password.length === 0 ? null : name
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
let second = 0
let shownSecond = ''

/** `[31/Jan/2026:12:00:00 +0000]`, which stays the same for a second. */
function localTime(): string {
  const now = Math.floor(Date.now() / 1000)
  if (now === second) return shownSecond
  const date = new Date(now * 1000)
  const offset = -date.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${twoDigits(Math.abs(offset) / 60)}${twoDigits(Math.abs(offset) % 60)}`
  const day = `${twoDigits(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
  second = now
  shownSecond = `[${day}:${time} ${zone}]`
  return shownSecond
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0')
}
