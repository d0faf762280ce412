import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { formFor } from './accept.ts'
import { describeFailure, frameText, spotOf } from './failure-text.ts'
import type { FailureView } from './failure-view.ts'
import { FAILURE_HEADER, POLL_HEADER } from './page-script.ts'
import { CONTENT_SECURITY_POLICY, renderPage } from './page.ts'

/** The environment variable by which the supervisor hands over the view, as JSON. */
const FAILURE = 'PREFORK_FAILURE'

const UNKNOWN: FailureView = {
  summary: 'the app could not be started',
  title: 'Not ready',
  message: 'The app could not be started. The terminal tells why.',
  code: 'SUPERVISOR_APP_NOT_LOADED',
  hint: null,
  file: null,
  line: null,
  column: null,
  frame: [],
  stack: [],
  causes: [],
  generation: 0,
}

const view = takeView()
/** The same failure of a later generation is the same page: an open one need not load it again. */
const id = createHash('sha256')
  .update(JSON.stringify({ ...view, generation: 0 }))
  .digest('base64url')
  .slice(0, 16)

/** Answers every request with the failure, instead of an app that could not be started. */
export default function page(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader(FAILURE_HEADER, id)
  response.setHeader('cache-control', 'no-store')
  // The next request is to go to the next worker. Where a body may still be on its way, closing would cut the answer off.
  if (request.httpVersionMajor === 1 && !hasBody(request)) response.setHeader('connection', 'close')
  // An open page looks at the header alone; an error's status would be one more line in the browser's console.
  if (request.headers[POLL_HEADER] !== undefined) {
    response.statusCode = 204
    response.end()
    return
  }
  const [type, body] = answerTo(request)
  response.statusCode = 503
  response.setHeader('content-type', type)
  response.setHeader('content-length', Buffer.byteLength(body))
  response.setHeader('retry-after', '1')
  response.setHeader('vary', 'Accept')
  response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY)
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('referrer-policy', 'no-referrer')
  response.setHeader('cross-origin-resource-policy', 'same-origin')
  response.end(body)
}

function answerTo(request: IncomingMessage): readonly [type: string, body: string] {
  const form = formFor(request.headers.accept)
  if (form === 'json') return ['application/json; charset=utf-8', jsonOf(view)]
  if (form === 'text') return ['text/plain; charset=utf-8', `${view.summary}\n\n${describeFailure(view, false)}\n`]
  return ['text/html; charset=utf-8', renderPage(view, id, request.method ?? 'GET')]
}

function jsonOf({ code, title, message, hint, file, line, column, frame, stack, causes }: FailureView): string {
  const error = {
    code,
    message: `${title}: ${message}`,
    hint,
    file,
    line,
    column,
    frame: frame.length === 0 ? null : frameText(frame),
    stack: stack.map(({ call, place }) => (call === '' ? place : `${call} (${place})`)),
    causes,
  }
  return `${JSON.stringify({ error }, null, 2)}\n`
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** Reads the view, and deletes it: a child of this process has no use for it. */
function takeView(): FailureView {
  const { [FAILURE]: text = '' } = process.env
  delete process.env[FAILURE]
  try {
    const given = JSON.parse(text) as FailureView
    // What a page can't do without; the supervisor that has made it is of the same version.
    spotOf(given)
    return { ...UNKNOWN, ...given }
  } catch {
    return UNKNOWN
  }
}
