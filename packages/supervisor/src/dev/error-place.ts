import { dirname, resolve } from 'node:path'
import type { ErrorSummary } from '../core/failure.ts'
import { readSource } from './source-frame.ts'
import { pathOf, type Place, type Stack } from './stack.ts'

const OF_ESBUILD = /^(?<file>\/.*?):(?<line>\d+):(?<column>\d+): ERROR: (?<text>.*)$/m
const OF_JSON = /^(?<file>\/[^\n]*?\.json): (?:[^\n]* at position (?<position>\d+)|Unexpected end)/
const REQUIRERS = /\nRequire stack:\n[^]*$/
const IMPORTER = / imported from (?<file>\/.*|file:\/\/.*)$/m
const UNKNOWN_ENDING = /^Unknown file extension "[^"]*" for (?<file>\/.*)$/m
const MISSING = /^(?:Cannot find (?:module|package)|Directory import|Package subpath) '(?<what>[^']+)'/
const SPECIFIERS = /(?<quote>['"])(?<specifier>[^'"\n]+)\k<quote>/g

/** Where an error comes from: its own words if they name a place, else the app's topmost call. */
export function placeOf(error: ErrorSummary, stack: Stack): Place | null {
  return (
    stack.head ??
    ofEsbuild(error) ??
    ofJson(error) ??
    stack.calls.find(({ isOwn }) => isOwn)?.place ??
    ofImport(error) ??
    ofFile(error)
  )
}

/** What the error says, without the places that are shown anyway. */
export function messageOf({ name, message }: ErrorSummary): string {
  const text = OF_ESBUILD.exec(message)?.groups?.['text'] ?? message.replace(REQUIRERS, '')
  return name === 'SyntaxError' && OF_JSON.test(text) ? text.replace(/^.*?\.json: /, '') : text
}

function ofEsbuild({ message }: ErrorSummary): Place | null {
  const { file, line, column } = OF_ESBUILD.exec(message)?.groups ?? {}
  if (file === undefined) return null
  // esbuild counts columns from 0.
  return { file, line: Number(line), column: Number(column) + 1, span: null }
}

/** Node names the file of a JSON error, and the position in it. */
function ofJson({ name, message }: ErrorSummary): Place | null {
  const { file, position } = (name === 'SyntaxError' && OF_JSON.exec(message)?.groups) || {}
  if (file === undefined) return null
  const source = readSource(file)
  if (source === null) return { file, line: null, column: null, span: null }
  const before = source.slice(0, position === undefined ? source.trimEnd().length : Number(position)).split('\n')
  return { file, line: before.length, column: (before.at(-1) ?? '').length + 1, span: 1 }
}

/** An import that leads nowhere has no call of the app on its stack, but the importing file in its message. */
function ofImport({ message }: ErrorSummary): Place | null {
  const importer = IMPORTER.exec(message)?.groups?.['file']
  if (importer === undefined) return null
  const file = pathOf(importer)
  const what = MISSING.exec(message)?.groups?.['what']
  for (const [index, text] of (readSource(file)?.split('\n') ?? []).entries()) {
    if (what === undefined || !/\b(?:import|export|from|require)\b/.test(text)) continue
    for (const match of text.matchAll(SPECIFIERS)) {
      const specifier = match.groups?.['specifier'] ?? ''
      if (!leadsTo(specifier, what, file)) continue
      return { file, line: index + 1, column: match.index + 1, span: match[0].length }
    }
  }
  return { file, line: null, column: null, span: null }
}

function leadsTo(specifier: string, what: string, importer: string): boolean {
  if (specifier === what || specifier.startsWith(`${what}/`)) return true
  if (what.startsWith('./')) return specifier.endsWith(what.slice(1))
  return resolve(dirname(importer), specifier) === what.replace(/\/$/, '')
}

function ofFile({ message }: ErrorSummary): Place | null {
  const file = UNKNOWN_ENDING.exec(message)?.groups?.['file']
  return file === undefined ? null : { file, line: null, column: null, span: null }
}
