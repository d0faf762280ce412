const MOST_FRAMES = 30
/** How many of the outermost frames stay when some have to go: they tell what the endless recursion began with. */
const OUTERMOST = 9
const LONGEST_LINE = 300
const MOST_BYTES = 8 * 1024

/** The function that asks for the stack is called so, to be left out of it. */
export const ASKER = 'supervisorAsksForTheStack'
/** Where an expression that was evaluated through the inspector is said to be. */
const ASKED_FROM = /^\s*at <anonymous>:\d+:\d+$/

/** The frames of an error's stack, a line each, the innermost first, in a form and size that can be logged. */
export function readableStack(stack: string): string {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  const asker = frames.findLastIndex((frame) => frame.includes(ASKER) || ASKED_FROM.test(frame))
  return withinBytes(atMost(MOST_FRAMES, frames.slice(asker + 1)).map(readable))
}

/** Whether a readable stack names code that is not Node's own. */
export function namesApp(stack: string): boolean {
  return stack.split('\n').some((frame) => /:\d+:\d+\)?$/.test(frame) && !isInternal(frame))
}

function isInternal(frame: string): boolean {
  return /[( ]node:[\w/]+:\d+:\d+\)?$/.test(frame)
}

function atMost(count: number, frames: readonly string[]): readonly string[] {
  if (frames.length <= count) return frames
  const telling = frames.filter((frame) => !isInternal(frame))
  if (telling.length <= count) return telling
  const innermost = count - OUTERMOST - 1
  const left = telling.length - innermost - OUTERMOST
  return [...telling.slice(0, innermost), `    ... ${left} more ...`, ...telling.slice(-OUTERMOST)]
}

function readable(frame: string): string {
  const line = frame.replace(/file:\/\/(\/[^)]*)(:\d+:\d+\)?)$/, (_url, path: string, place: string) => {
    return pathOf(path) + place
  })
  if (line.length <= LONGEST_LINE) return line
  return `${line.slice(0, LONGEST_LINE - 60)}…${line.slice(-59)}`
}

function pathOf(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}

function withinBytes(lines: readonly string[]): string {
  let text = ''
  for (const line of lines) {
    const longer = text === '' ? line : `${text}\n${line}`
    if (Buffer.byteLength(longer) > MOST_BYTES) break
    text = longer
  }
  return text
}
