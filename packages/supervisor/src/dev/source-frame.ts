import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { visible } from './safe-text.ts'
import type { Place } from './stack.ts'

/** A line of source as it is shown. */
export interface FrameLine {
  /** From 1. */
  readonly number: number
  readonly text: string
  /** The part of the text that is meant, on the line of the place; null where only the line is known. */
  readonly mark: { readonly start: number; readonly length: number } | null
  readonly isPlace: boolean
}

/** Only source is shown, whatever a stack says: no env file, no key. */
const SOURCE = /\.(?:[cm]?[jt]sx?|json|vue|svelte|wasm\.js)$/
const LARGEST_BYTES = 4 * 1024 * 1024
const LINES_ABOVE = 5
const LINES_BELOW = 4
/** Of a longer line, only what is around the place is shown: it may be a bundle's only one. */
const LONGEST_LINE = 200
const LEFT_OF_MARK = 80
const TAB = '  '

/** The text of a source file; null if it is none, or can't be read. */
export function readSource(file: string): string | null {
  if (!SOURCE.test(file) || basename(file).startsWith('.env')) return null
  try {
    const { size } = statSync(file)
    // A FIFO would never end, and has no size.
    if (size === 0 || size > LARGEST_BYTES) return null
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '')
  } catch {
    return null
  }
}

/** Some lines around a place, as they are on the disk now; none if they can't be had. */
export function sourceFrame({ file, line, column, span }: Place): readonly FrameLine[] {
  const source = line === null ? null : readSource(file)
  if (source === null || line === null) return []
  // What V8 counts as the end of a line.
  const lines = source.split(/\r\n|[\n\r\u2028\u2029]/)
  if (line > lines.length) return []
  const first = Math.max(1, line - LINES_ABOVE)
  const last = Math.min(lines.length, line + LINES_BELOW)
  const frame: FrameLine[] = []
  for (let number = first; number <= last; number += 1) {
    const text = lines[number - 1] ?? ''
    frame.push(number === line ? placeLine(number, text, column, span) : otherLine(number, text))
  }
  while (isBlank(frame[0])) frame.shift()
  while (isBlank(frame.at(-1))) frame.pop()
  return frame
}

function isBlank(line: FrameLine | undefined): boolean {
  return line !== undefined && !line.isPlace && line.text.trim() === ''
}

function otherLine(number: number, text: string): FrameLine {
  const isLong = text.length > LONGEST_LINE
  return { number, text: shown(text.slice(0, LONGEST_LINE)) + (isLong ? '…' : ''), mark: null, isPlace: false }
}

function placeLine(number: number, text: string, column: number | null, span: number | null): FrameLine {
  if (column === null) return { ...otherLine(number, text), isPlace: true }
  const at = Math.min(column - 1, text.length)
  const from = text.length > LONGEST_LINE ? Math.max(0, at - LEFT_OF_MARK) : 0
  const to = Math.min(text.length, from + LONGEST_LINE)
  const end = Math.min(to, at + (span ?? wordAt(text, at)))
  const before = (from > 0 ? '…' : '') + shown(text.slice(from, at))
  const marked = shown(text.slice(at, end))
  const after = shown(text.slice(end, to)) + (to < text.length ? '…' : '')
  const mark = { start: before.length, length: Math.max(1, marked.length) }
  return { number, text: before + marked + after, mark, isPlace: true }
}

/** How long the name is that begins there. */
function wordAt(text: string, at: number): number {
  return /^[\p{ID_Continue}$]+/u.exec(text.slice(at, at + LONGEST_LINE))?.[0].length ?? 1
}

function shown(text: string): string {
  return visible(text).replaceAll('\t', TAB)
}
