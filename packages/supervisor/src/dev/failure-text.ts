import type { FailureView, StackLine } from './failure-view.ts'
import type { FrameLine } from './source-frame.ts'

type Style = 'bold' | 'dim' | 'red' | 'cyan'
type Paint = (style: Style, text: string) => string

const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  cyan: [36, 39],
}
/** What takes two columns of a terminal, and what takes none. */
const WIDE = /\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Emoji_Presentation}/u
const NARROW = /\p{Mark}|\u200d/u

/** The failure as text, for a terminal or a client that can't show more. */
export function describeFailure(view: FailureView, isColored: boolean): string {
  const paint: Paint = (style, text) => {
    const [on, off] = CODES[style]
    return isColored && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text
  }
  const parts = [
    `${paint('red', paint('bold', `${view.title}:`))} ${paint('bold', view.message)}`,
    ...(view.file === null ? [] : [`  ${paint('cyan', spotOf(view))}`]),
    ...(view.frame.length === 0 ? [] : ['', ...frameLines(view.frame, paint), '']),
    ...view.causes.map((cause) => `  caused by ${cause}`),
    ...stackLines(view.stack, paint),
    ...(view.hint === null ? [] : [`  ${view.hint}`]),
  ]
  return parts.join('\n').trimEnd()
}

/** `file:line:column`, as far as it is known. */
export function spotOf({ file, line, column }: Pick<FailureView, 'file' | 'line' | 'column'>): string {
  return [file, line, column].filter((part) => part !== null).join(':')
}

/** The source frame as plain text, with a caret below the place. */
export function frameText(frame: readonly FrameLine[]): string {
  return frameLines(frame, (_style, text) => text).join('\n')
}

/** How many calls are not the app's own, in words. */
export function foldedText(lines: readonly StackLine[]): string {
  const calls = lines.length === 1 ? '1 call' : `${lines.length} calls`
  const hasNode = lines.some(({ place }) => place.startsWith('node:'))
  const hasOther = lines.some(({ place }) => !place.startsWith('node:'))
  return `${calls} in ${[...(hasOther ? ['dependencies'] : []), ...(hasNode ? ['Node'] : [])].join(' and ')}`
}

function frameLines(frame: readonly FrameLine[], paint: Paint): string[] {
  const width = String(frame.at(-1)?.number ?? 0).length
  return frame.flatMap(({ number, text, mark, isPlace }) => {
    const label = String(number).padStart(width)
    const row = `${isPlace ? '>' : ' '} ${label} |`
    const line = isPlace ? `${paint('red', row)} ${text}` : paint('dim', `${row} ${text}`)
    if (mark === null) return [line.trimEnd()]
    const indent = blank(text.slice(0, mark.start))
    const carets = '^'.repeat(Math.max(1, blank(text.slice(mark.start, mark.start + mark.length)).length))
    return [line.trimEnd(), `${paint('dim', `  ${' '.repeat(width)} |`)} ${indent}${paint('red', carets)}`]
  })
}

function stackLines(stack: readonly StackLine[], paint: Paint): string[] {
  const own = stack.filter(({ isOwn }) => isOwn)
  const others = stack.filter(({ isOwn }) => !isOwn)
  const lines = own.map(({ call, place }) => `  at ${call === '' ? '' : `${call} `}${paint('cyan', place)}`)
  return others.length === 0 ? lines : [...lines, paint('dim', `  and ${foldedText(others)}`)]
}

/** As many blanks as a terminal takes columns for the text. */
function blank(text: string): string {
  return Array.from(text, (char) => (NARROW.test(char) ? '' : WIDE.test(char) ? '  ' : ' ')).join('')
}
