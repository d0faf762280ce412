import { createHash } from 'node:crypto'
import { foldedText, spotOf } from './failure-text.ts'
import type { FailureView, StackLine } from './failure-view.ts'
import { highlight } from './highlight.ts'
import { SCRIPT } from './page-script.ts'
import { STYLE } from './page-style.ts'
import type { FrameLine } from './source-frame.ts'

/** A red dot, to find the tab by. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='6' fill='%23d92b3c'/%3E%3C/svg%3E"
/** A message that is longer is set smaller. */
const LONG_MESSAGE = 160

/** What the page may do: run its own script, wear its own style, and ask its own server. */
export const CONTENT_SECURITY_POLICY: string = [
  "default-src 'none'",
  `script-src '${hashOf(SCRIPT)}'`,
  `style-src '${hashOf(STYLE)}'`,
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ')

/** The page that shows a failure. `id` tells it from others, `method` is that of the request it answers. */
export function renderPage(view: FailureView, id: string, method: string): string {
  const heading = `${view.title}: ${view.message.split('\n')[0]}`
  return `<!doctype html>
<html lang="en" data-failure="${escape(id)}" data-method="${escape(method)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escape(heading)}</title>
<link rel="icon" href="${ICON}">
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="summary">${escape(view.summary)}</p>
<h1 dir="auto"${view.message.length > LONG_MESSAGE ? ' class="long"' : ''}><span class="title">${escape(view.title)}</span>${escape(view.message)}</h1>
${causesPart(view.causes)}${hintPart(view.hint)}${framePart(view)}${stackPart(view.stack)}</main>
<footer>
<p class="status" id="status" role="status">Waiting for a change. This page reloads by itself.</p>
<noscript><p>Without scripts, reload this page when the code is mended.</p></noscript>
<p class="code">${escape(view.code)}</p>
</footer>
<script>${SCRIPT}</script>
</body>
</html>
`
}

function causesPart(causes: readonly string[]): string {
  if (causes.length === 0) return ''
  const items = causes.map((cause) => `<li>caused by <b>${escape(cause)}</b></li>`)
  return `<ul class="causes">${items.join('')}</ul>\n`
}

function hintPart(hint: string | null): string {
  return hint === null ? '' : `<p class="hint">${escape(hint)}</p>\n`
}

function framePart(view: FailureView): string {
  if (view.file === null) return ''
  const place = spotOf({ ...view, file: '' })
  const source = view.frame.map(rowOf).join('')
  const pre =
    source === ''
      ? ''
      : `<pre tabindex="0" role="region" aria-label="Source of ${escape(view.file)}" dir="ltr"><code>${source}</code></pre>`
  return `<section aria-label="Place"><h2>${escape(view.file)}<span class="at">${place}</span></h2>${pre}</section>\n`
}

function rowOf(line: FrameLine): string {
  const tokens = highlight(line).map(({ kind, text, isMarked }) => {
    const inner = kind === 'plain' ? escape(text) : `<span class="${kind}">${escape(text)}</span>`
    return isMarked ? `<mark>${inner}</mark>` : inner
  })
  // The end of the line within the row, for a selection that is copied.
  return `<span class="row${line.isPlace ? ' place' : ''}" data-number="${line.number}">${tokens.join('')}\n</span>`
}

function stackPart(stack: readonly StackLine[]): string {
  if (stack.length === 0) return ''
  const own = stack.filter(({ isOwn }) => isOwn)
  const others = stack.filter(({ isOwn }) => !isOwn)
  const calls = own.length === 0 ? '' : `<h2 class="plain">Stack</h2>${callsPart(own)}`
  const folded =
    others.length === 0 ? '' : `<details><summary>${foldedText(others)}</summary>${callsPart(others)}</details>`
  return `<section aria-label="Stack">${calls}${folded}</section>\n`
}

function callsPart(lines: readonly StackLine[]): string {
  const items = lines.map(
    ({ call, place }) =>
      `<li><span>${escape(call === '' ? '(top level)' : call)}</span><span class="at">${escape(place)}</span></li>`,
  )
  return `<ol class="calls" dir="ltr">${items.join('')}</ol>`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
