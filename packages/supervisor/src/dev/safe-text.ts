/**
 * What turns the direction of text round, is not seen, or commands a terminal: an error's message may hold any of it,
 * to make a line look like another. Tabs and ends of lines are not among them.
 */
const UNSEEN = /(?![\t\n])[\p{Control}\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu
const LONE_SURROGATE = /\p{Surrogate}/gu
/** Shorter values than this are in too many texts by chance. */
const SHORTEST_SECRET = 6
const SECRET_NAME = /secret|token|passw|_pwd$|credential|private|auth|(?:^|_)(?:key|dsn|pass)(?:_|$)|apikey|_ur[il]$/i
const CREDENTIALS = /(?<scheme>\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#@'"`]*@/gi

/** The text with everything in it to be seen: `\u202e` instead of what it does. */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(UNSEEN, escaped).replaceAll(LONE_SURROGATE, escaped)
}

/** The text, cut where it is longer than anyone reads. */
export function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`
}

/** The text without the passwords of URLs, and without what variables hold that are named like secrets. */
export function withoutSecrets(text: string, env: Readonly<NodeJS.ProcessEnv>): string {
  let clean = text
  for (const [name, value = ''] of Object.entries(env)) {
    if (value.length < SHORTEST_SECRET || !SECRET_NAME.test(name)) continue
    clean = clean.replaceAll(value, () => `[${name}]`)
  }
  return clean.replaceAll(CREDENTIALS, '$<scheme>[…]@')
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}
