import type { FrameLine } from './source-frame.ts'

/** A piece of a line of source; `kind` is a class of the page's style. */
export interface Token {
  readonly kind: 'plain' | 'comment' | 'string' | 'number' | 'keyword'
  readonly text: string
  readonly isMarked: boolean
}

const WORDS =
  'abstract as async await break case catch class const continue declare default delete do else enum export extends ' +
  'false finally for from function if implements import in instanceof interface let new null of private protected ' +
  'public readonly return satisfies static super switch this throw true try type typeof undefined var void while yield'

const TOKEN = new RegExp(
  [
    String.raw`(?<comment>//.*|/\*.*?(?:\*/|$)|^\s*\*(?:\s.*|/)?$)`,
    String.raw`(?<string>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|` + '`(?:[^`\\\\]|\\\\.)*`?)',
    String.raw`(?<number>\b\d[\w.]*)`,
    String.raw`(?<keyword>(?<![.\w$])(?:${WORDS.replaceAll(' ', '|')})(?![\w$]))`,
  ].join('|'),
  'g',
)

/** Splits a line into what is colored differently. It knows the line alone: good enough to be read more easily. */
export function highlight({ text, mark }: FrameLine): readonly Token[] {
  const tokens: Token[] = []
  let end = 0
  for (const match of text.matchAll(TOKEN)) {
    const kind = kindOf(match.groups ?? {})
    tokens.push(...split('plain', text.slice(end, match.index), end, mark))
    tokens.push(...split(kind, match[0], match.index, mark))
    end = match.index + match[0].length
  }
  tokens.push(...split('plain', text.slice(end), end, mark))
  // The place may be behind the last character.
  if (mark !== null && mark.start >= text.length) tokens.push({ kind: 'plain', text: ' ', isMarked: true })
  return tokens
}

function kindOf(groups: Readonly<Record<string, string | undefined>>): Token['kind'] {
  if (groups['comment'] !== undefined) return 'comment'
  if (groups['string'] !== undefined) return 'string'
  return groups['number'] === undefined ? 'keyword' : 'number'
}

/** A token, in up to three pieces where the mark begins or ends within it. */
function split(kind: Token['kind'], text: string, offset: number, mark: FrameLine['mark']): Token[] {
  const from = clamp((mark?.start ?? 0) - offset, text.length)
  const to = mark === null ? from : clamp(mark.start + mark.length - offset, text.length)
  const pieces: Token[] = [
    { kind, text: text.slice(0, from), isMarked: false },
    { kind, text: text.slice(from, to), isMarked: true },
    { kind, text: text.slice(to), isMarked: false },
  ]
  return pieces.filter((piece) => piece.text !== '')
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most)
}
