import * as v from 'valibot'
import { readTrustedPeer } from '../http/trust.ts'
import type { Read } from './binding.ts'
import type { Kind } from './kinds.ts'

const PEERS = 'an address, a network such as 10.0.0.0/8, unix, * or none'
/** A segment of a path, with all characters that stand for themselves in a URL (RFC 3986, section 3.3). */
const SEGMENT = /^[\w.~!$&'()*+,;=:@-]+$/
/** Each message has its own of them, or none: HTTP/1.1 would be torn apart, HTTP/2 refuses them. */
const OF_THE_MESSAGE: readonly string[] = [
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** Who may speak for a client. */
export function trustedPeer(): Kind<string> {
  return textKind('address', (text) => (readTrustedPeer(text) === null ? wrong(`is not ${PEERS}`) : ok(text)))
}

/** A path that an app is mounted at; what it ends with does not matter, and `/` alone is the same as none. */
export function rootPath(): Kind<string> {
  return textKind('path', readRootPath)
}

/** A header, as `name:value`. */
export function header(): Kind<string> {
  return textKind('name:value', readHeader)
}

function readRootPath(text: string): Read<string> {
  if (!text.startsWith('/')) return wrong('must begin with a slash')
  const path = text.endsWith('/') ? text.slice(0, -1) : text
  const segments = path.split('/').slice(1)
  if (text.includes('%')) return wrong('must not be percent-encoded: a request may be in other ways')
  if (/[?#]/.test(text)) return wrong('must be a path alone, without a query or fragment')
  if (segments.some((segment) => segment === '.' || segment === '..')) return wrong('must not have . or .. in it')
  if (segments.includes('')) return wrong('must not have two slashes in a row')
  if (!segments.every((segment) => SEGMENT.test(segment))) return wrong('has a character that a URL can not have')
  return ok(path === '' ? '/' : path)
}

function readHeader(text: string): Read<string> {
  const colon = text.indexOf(':')
  if (colon === -1) return wrong('has no colon between name and value')
  const [name, value] = [text.slice(0, colon).trim(), text.slice(colon + 1).trim()]
  // Few starts need it.
  const { validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http')
  if (!succeeds(() => validateHeaderName(name))) return wrong('has no valid name before its colon')
  if (OF_THE_MESSAGE.includes(name.toLowerCase())) return wrong(`names ${name}, which belongs to each message alone`)
  if (!succeeds(() => validateHeaderValue(name, value))) return wrong('has a character that a header can not have')
  return ok(`${name}: ${value}`)
}

function succeeds(check: () => void): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

/** A kind that is written in the same way everywhere. */
function textKind(placeholder: string, read: (text: string) => Read<string>): Kind<string> {
  return {
    placeholder,
    readText: (text) => (text === '' ? wrong('must not be empty') : read(text)),
    schema: () =>
      v.pipe(
        v.string('must be a text'),
        v.nonEmpty('must not be empty'),
        v.rawTransform(({ dataset, addIssue, NEVER }) => {
          const result = read(dataset.value)
          if (result.ok) return result.value
          addIssue({ message: result.problem })
          return NEVER
        }),
      ),
  }
}

function ok(value: string): Read<string> {
  return { ok: true, value }
}

function wrong(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem }
}
