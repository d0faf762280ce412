/** How a worker writes down the requests that it has answered. */
export interface AccessLogRules {
  /** The path of the file; null for standard output. */
  readonly file: string | null
  readonly format: AccessLogFormat
}

/** `auto` is `pretty` where the log goes to a terminal, else `json`. */
export type AccessLogFormat = 'auto' | 'json' | 'pretty' | readonly TemplatePart[]

/** The names of formats. Everything else is a template. */
export const ACCESS_LOG_FORMATS = ['auto', 'json', 'pretty', 'combined', 'common'] as const

/** What is replaced in a template: gunicorn's letters, a header by its name, or a variable of the environment. */
export type Atom =
  | { readonly kind: 'letter'; readonly letter: Letter }
  | { readonly kind: 'request-header' | 'response-header' | 'variable'; readonly name: string }

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  /** Between quotes a space does no harm; elsewhere it would look like the beginning of the next field. */
  | { readonly kind: 'atom'; readonly atom: Atom; readonly isQuoted: boolean }

const LETTERS = 'hlutrmUqHsBbfaTDMLp'
type Letter =
  | 'h'
  | 'l'
  | 'u'
  | 't'
  | 'r'
  | 'm'
  | 'U'
  | 'q'
  | 'H'
  | 's'
  | 'B'
  | 'b'
  | 'f'
  | 'a'
  | 'T'
  | 'D'
  | 'M'
  | 'L'
  | 'p'
const BRACED = { i: 'request-header', o: 'response-header', e: 'variable' } as const

const COMMON = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s'
const NAMED: Readonly<Record<string, string>> = { common: COMMON, combined: `${COMMON} "%(f)s" "%(a)s"` }

/** An atom with its name, a percent sign that means itself, or one that means nothing. */
const PERCENT = /%(?:\((?<name>[^)]*)\)s|(?<percent>%))?/g

type Read = { readonly ok: true; readonly value: AccessLogFormat } | { readonly ok: false; readonly problem: string }

/** Reads the name of a format, or a template of gunicorn's; the problem is the end of a sentence. */
export function readAccessLogFormat(text: string): Read {
  if (text === 'auto' || text === 'json' || text === 'pretty') return { ok: true, value: text }
  const template = NAMED[text] ?? text
  if (!template.includes('%(')) {
    return {
      ok: false,
      problem: `must be one of ${ACCESS_LOG_FORMATS.join(', ')}, or a template such as %(h)s "%(r)s" %(s)s`,
    }
  }
  return readTemplate(template)
}

function readTemplate(template: string): Read {
  const parts: TemplatePart[] = []
  let text = ''
  let end = 0
  let isQuoted = false
  const add = (more: string): void => {
    text += more
    if (more.split('"').length % 2 === 0) isQuoted = !isQuoted
  }
  for (const { 0: found, index, groups } of template.matchAll(PERCENT)) {
    add(template.slice(end, index))
    end = index + found.length
    const { name, percent } = groups ?? {}
    if (percent !== undefined) add(percent)
    else if (name === undefined) {
      const near = template.slice(index, index + 10)
      return {
        ok: false,
        problem: `has a % that begins nothing, at ${near}: an atom is %(h)s, and %% is a percent sign`,
      }
    } else {
      const atom = atomOf(name)
      if (atom === null) return { ok: false, problem: `has %(${name})s, which is none of gunicorn's atoms` }
      parts.push({ kind: 'text', text }, { kind: 'atom', atom, isQuoted })
      text = ''
    }
  }
  add(template.slice(end))
  // One line for each request, whatever is in the template.
  if (/[^\x20-\x7e]/.test(template)) return { ok: false, problem: 'has characters that are not printable ASCII' }
  return { ok: true, value: [...parts, { kind: 'text', text }] }
}

function atomOf(name: string): Atom | null {
  if (name.length === 1 && LETTERS.includes(name)) return { kind: 'letter', letter: name as Letter }
  const { inner, kind } = /^\{(?<inner>[^{}]+)\}(?<kind>[ioe])$/.exec(name)?.groups ?? {}
  if (inner === undefined) return null
  const source = BRACED[kind as keyof typeof BRACED]
  return { kind: source, name: source === 'variable' ? inner : inner.toLowerCase() }
}
