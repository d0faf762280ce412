import type { AccessLogFormat } from '../protocol/access-log.ts'
import { WORKER_GENERATION, WORKER_INDEX } from '../protocol/names.ts'
import { outsideQuotes, toJson } from './escape.ts'
import type { Exchange } from './exchange.ts'
import { templateFormat } from './access-template.ts'

/** Writes an exchange as a line, with its line break. */
export type Format = (exchange: Exchange) => string

/** The lines of a format. `isTerminal` is for what is nicer for people. */
export function formatFor(format: AccessLogFormat, isTerminal: boolean): Format {
  switch (format) {
    case 'auto':
      return isTerminal ? prettyFormat(true) : jsonFormat()
    case 'json':
      return jsonFormat()
    case 'pretty':
      return prettyFormat(isTerminal)
    default:
      return templateFormat(format)
  }
}

/** Each line is one object, with the same fields in all: null for what is not known. */
function jsonFormat(): Format {
  const worker = Number(process.env[WORKER_INDEX])
  const generation = Number(process.env[WORKER_GENERATION])
  const place = `,"worker":${worker},"generation":${generation},"pid":${process.pid},"requestId":`
  return ({ method, url, protocol, client, headers, requestId, status, bytes, ms, isAborted }) =>
    `{"event":"request","time":"${isoTime(Date.now())}","client":${jsonOf(client)},"method":${jsonOf(method)},"url":` +
    `${jsonOf(url)},"protocol":${jsonOf(protocol)},"status":${status},"bytes":${bytes},"duration":${rounded(ms)}` +
    `,"aborted":${isAborted},"userAgent":${jsonOf(headers['user-agent'])},"referer":${jsonOf(headers.referer)}` +
    `${place}${jsonOf(requestId)}}\n`
}

function jsonOf(value: unknown): string {
  return typeof value === 'string' ? toJson(value) : 'null'
}

let isoSecond = 0
let isoPrefix = ''

/** `2026-01-31T12:00:00.000Z`: all of it but the last digits stays the same for a second. */
function isoTime(now: number): string {
  const second = Math.floor(now / 1000)
  if (second !== isoSecond) {
    isoSecond = second
    isoPrefix = new Date(second * 1000).toISOString().slice(0, -4)
  }
  return `${isoPrefix}${String(now - second * 1000).padStart(3, '0')}Z`
}

/** Microseconds are enough. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

const GREEN = 32
const CYAN = 36
const YELLOW = 33
const RED = 31

/** For people: `[12:00:00.000] GET /path 200 12 B 3.1 ms`. */
function prettyFormat(isTerminal: boolean): Format {
  const isColored = isTerminal && !process.env['NO_COLOR']
  return ({ method, url, status, bytes, ms, isAborted }) => {
    const shown = String(status ?? '-')
    const colored = isColored ? `\u001B[${colorOf(status ?? 0)}m${shown}\u001B[39m` : shown
    const what = `${outsideQuotes(method ?? '-')} ${outsideQuotes(url ?? '-')}`
    return `[${clock(new Date())}] ${what} ${colored} ${bytes} B ${ms.toFixed(1)} ms${isAborted ? ' aborted' : ''}\n`
  }
}

function colorOf(status: number): number {
  if (status >= 500) return RED
  if (status >= 400 || status === 0) return YELLOW
  return status >= 300 ? CYAN : GREEN
}

/** As in the supervisor's own lines on a terminal. */
function clock(now: Date): string {
  const [hours, minutes, seconds] = [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) =>
    String(part).padStart(2, '0'),
  )
  return `${hours}:${minutes}:${seconds}.${String(now.getMilliseconds()).padStart(3, '0')}`
}
