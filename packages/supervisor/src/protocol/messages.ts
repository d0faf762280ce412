import * as v from 'valibot'
import type { BootFailure, BootStep, ErrorSummary } from '../core/types.ts'

/** An address as `net.Server.listen` asks node:cluster for it: null and -1 mean what they mean there. */
export interface ListenQuery {
  readonly address: string | null
  readonly port: number | null
  readonly addressType: number | null
  readonly fd: number | null
  readonly flags: number
  /** Which listen of this worker on this very address it is, from 0. */
  readonly index: number
}

/** The boot failures that a worker can tell of itself; the others are seen from outside. */
export type OwnFailure = Extract<
  BootFailure,
  { readonly kind: 'preload' | 'not-loaded' | 'not-servable' | 'threw' | 'ended' | 'not-listening' }
>

/** What a worker tells the supervisor, over the control pipe. */
export type Message =
  /** How far the boot has come, and what the worker found, or waits for. */
  | { readonly type: 'progress'; readonly step: BootStep; readonly detail: string | null }
  /** The app wants an address; answered by the order `bound` and, if that went well, a handle. */
  | { readonly type: 'listen'; readonly request: number; readonly query: ListenQuery }
  /** The handle of this request has arrived: the next one may be sent. */
  | { readonly type: 'received'; readonly request: number }
  | { readonly type: 'ready' }
  | { readonly type: 'accepting' }
  | { readonly type: 'failed'; readonly failure: OwnFailure }
  /** An uncaught error is about to end the worker. */
  | { readonly type: 'threw'; readonly error: ErrorSummary }
  /** A signal came to the worker itself, or to its process group. */
  | { readonly type: 'signalled'; readonly signal: string }
  | { readonly type: 'warning'; readonly code: string; readonly text: string }

const error: v.GenericSchema<ErrorSummary> = v.object({
  name: v.string(),
  message: v.string(),
  code: v.optional(v.string()),
  stack: v.optional(v.string()),
})

const query: v.GenericSchema<ListenQuery> = v.object({
  address: v.nullable(v.string()),
  port: v.nullable(v.pipe(v.number(), v.integer())),
  addressType: v.nullable(v.picklist([4, 6, -1])),
  fd: v.nullable(v.pipe(v.number(), v.integer())),
  flags: v.pipe(v.number(), v.integer()),
  index: v.pipe(v.number(), v.integer(), v.minValue(0)),
})

const step: v.GenericSchema<BootStep> = v.picklist(['loading', 'loaded', 'listening'])

const failure: v.GenericSchema<OwnFailure> = v.variant('kind', [
  v.object({ kind: v.literal('not-loaded'), error }),
  v.object({ kind: v.literal('preload'), what: v.string(), error }),
  v.object({ kind: v.literal('not-servable'), found: v.string(), hint: v.string() }),
  v.object({ kind: v.literal('threw'), error }),
  v.object({ kind: v.literal('not-listening'), error }),
  v.object({ kind: v.literal('ended'), step }),
])

const message: v.GenericSchema<Message> = v.variant('type', [
  v.object({ type: v.literal('progress'), step, detail: v.nullable(v.string()) }),
  v.object({ type: v.literal('listen'), request: v.number(), query }),
  v.object({ type: v.literal('received'), request: v.number() }),
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('accepting') }),
  v.object({ type: v.literal('failed'), failure }),
  v.object({ type: v.literal('threw'), error }),
  v.object({ type: v.literal('signalled'), signal: v.string() }),
  v.object({ type: v.literal('warning'), code: v.string(), text: v.string() }),
])

/** Reads a message. The worker runs somebody's app in the same process, so that nothing is taken on trust. */
export function parseMessage(line: string): Message | null {
  try {
    const parsed = v.safeParse(message, JSON.parse(line))
    return parsed.success ? parsed.output : null
  } catch {
    return null
  }
}
