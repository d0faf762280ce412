import { fileURLToPath } from 'node:url'
import type { ErrorSummary } from '../core/failure.ts'

/** A place in a source file. */
export interface Place {
  readonly file: string
  /** From 1. */
  readonly line: number | null
  /** From 1, in UTF-16 units. */
  readonly column: number | null
  /** How many characters from there on are meant, where that was said. */
  readonly span: number | null
}

export interface Call {
  /** The function, as V8 names it; empty where it has no name. */
  readonly name: string
  readonly place: Place
  /** Whether it is code of the app, rather than of a dependency or of Node. */
  readonly isOwn: boolean
}

/** What can be read from an error's stack as `util.inspect` prints it. */
export interface Stack {
  /** The place of a syntax error, which Node puts above the error. */
  readonly head: Place | null
  readonly calls: readonly Call[]
  /** The errors that caused it, or that it consists of: the first line of each. */
  readonly causes: readonly string[]
}

const PACKAGE_DIR = fileURLToPath(new URL('../../', import.meta.url))
const MOST_CAUSES = 5

const NAMED_CALL = /^\s+at (?<name>.+) \((?<file>(?:file:\/\/|\/|node:|data:|wasm:).*):(?<line>\d+):(?<column>\d+)\)/
const BARE_CALL = /^\s+at (?:async )?(?<file>(?:file:\/\/|\/|node:).*):(?<line>\d+):(?<column>\d+)/
const HEAD = /^(?:file:\/\/)?(?<file>\/[^\n]*):(?<line>\d+)\n(?<source>[^]*)/
const CARETS = /^(?<before>[ \t]*)(?<carets>\^+)[ \t]*$/
const CAUSE =
  /^\s+(?:\[cause\]: |\[errors\]: \[\s*)?(?<text>(?:[A-Za-z_$][\w$]*)?(?:Error|Exception)(?: \[[\w-]+\])?: .+)$/

/** Reads a stack. A message may look like a stack itself, so that what it says is left out. */
export function readStack({ message, stack = '' }: ErrorSummary): Stack {
  const start = message === '' ? -1 : stack.indexOf(message)
  const lines = (start === -1 ? stack : stack.slice(start + message.length)).split('\n')
  const calls: Call[] = []
  const causes: string[] = []
  for (const line of lines.slice(1)) {
    const call = callIn(line)
    const cause = CAUSE.exec(line)?.groups?.['text']
    if (call !== null && !isKnown(calls, call)) calls.push(call)
    if (cause !== undefined && causes.length < MOST_CAUSES) causes.push(cause)
  }
  return { head: headOf(start === -1 ? stack : stack.slice(0, start)), calls, causes }
}

function callIn(line: string): Call | null {
  // Code that was evaluated: the place where that was done tells more than the one in its text.
  const plain = line.replace(/\), <anonymous>:\d+:\d+\)/, ')')
  const { name = '', file, line: row, column } = (NAMED_CALL.exec(plain) ?? BARE_CALL.exec(plain))?.groups ?? {}
  if (file === undefined) return null
  const path = pathOf(file)
  // The agent's own calls say nothing about the app.
  if (path.startsWith(PACKAGE_DIR)) return null
  const place = { file: path, line: Number(row), column: Number(column), span: null }
  return { name: name.replace(/^async /, ''), place, isOwn: isOwn(path) }
}

/** The calls of a cause are in part those of the error. */
function isKnown(calls: readonly Call[], { name, place }: Call): boolean {
  return calls.some(
    (known) =>
      known.name === name &&
      known.place.file === place.file &&
      known.place.line === place.line &&
      known.place.column === place.column,
  )
}

/** Node prints the file and line, the source, and carets below what is meant. */
function headOf(text: string): Place | null {
  const { file, line, source = '' } = HEAD.exec(text)?.groups ?? {}
  if (file === undefined) return null
  for (const row of source.split('\n')) {
    const { before, carets } = CARETS.exec(row)?.groups ?? {}
    if (before === undefined || carets === undefined) continue
    return { file: pathOf(file), line: Number(line), column: before.length + 1, span: carets.length }
  }
  return { file: pathOf(file), line: Number(line), column: null, span: null }
}

/** The path of what is a path, a URL of a file, or neither. */
export function pathOf(file: string): string {
  if (!file.startsWith('file://')) return file.replace(/\?.*$/, '')
  try {
    return fileURLToPath(file.replace(/[?#].*$/, ''))
  } catch {
    return file
  }
}

function isOwn(path: string): boolean {
  return path.startsWith('/') && !path.includes('/node_modules/')
}
