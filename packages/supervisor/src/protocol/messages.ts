import * as v from 'valibot'
import type { BootFailure, BootStep, ErrorSummary } from '../core/failure.ts'
import type { ConnectionNews } from './connection.ts'

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
  {
    readonly kind:
      | 'rights'
      | 'preload'
      | 'not-loaded'
      | 'not-servable'
      | 'not-secured'
      | 'threw'
      | 'ended'
      | 'not-listening'
  }
>

/** What a process has loaded, and another one may load in advance. */
export interface LoadedModules {
  /**
   * What lies below a `node_modules`, in the order of loading. A path was loaded by `require`, the URL of a file by
   * `import`, which what is CommonJS may have been after it was required.
   */
  readonly modules: readonly string[]
  /** Modules of Node itself. */
  readonly builtins: readonly string[]
  /** What the app has made of the environment: a module may read it when it is loaded. Null: deleted. */
  readonly env: Readonly<Record<string, string | null>>
}

/** What a worker tells the supervisor, over the control pipe. */
export type Message =
  /** How far the boot has come, and what the worker found, or waits for. */
  | { readonly type: 'progress'; readonly step: BootStep; readonly detail: string | null }
  /**
   * The app wants an address, for plain HTTP/1.1 or for something else; answered by the order `bound` and, if that went
   * well, a handle. `isInherited`: it has got it already, by the order `inherit`.
   */
  | {
      readonly type: 'listen'
      readonly request: number
      readonly query: ListenQuery
      readonly isHttp: boolean
      readonly isInherited: boolean
    }
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
  /** Debuggers may connect there. */
  | { readonly type: 'inspector-open'; readonly address: string }
  /** The event loop turns. The requests are all since the worker was ready; the delay is the mean since the last one. */
  | {
      readonly type: 'heartbeat'
      readonly requests: number
      readonly rss: number
      readonly loopDelayMs: number
      /** Whether the app listens for SIGUSR1, which would open Node's inspector otherwise. */
      readonly hasOwnUsr1: boolean
    }
  /** A drain has accepted what was queued, and accepts no more. */
  | { readonly type: 'intake-closed' }
  | ConnectionNews
  /** The app's own files that are loaded: the answer to the order `list-files`. */
  | { readonly type: 'files'; readonly files: readonly string[] }
  /** The answer to the order `list-modules`. */
  | ({ readonly type: 'modules' } & LoadedModules)
  /**
   * The answer to the order `warm`: what could not be loaded, and whether the process can still become a worker. `files`
   * are the app's own that came along: once one of them changes, this process has the old one.
   */
  | {
      readonly type: 'warm'
      readonly failed: readonly string[]
      readonly isUsable: boolean
      readonly files: readonly string[]
    }

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

const step: v.GenericSchema<BootStep> = v.picklist(['preloading', 'loading', 'loaded', 'silent', 'listening'])

const failure: v.GenericSchema<OwnFailure> = v.variant('kind', [
  v.object({ kind: v.literal('not-loaded'), error }),
  v.object({ kind: v.literal('preload'), what: v.string(), error }),
  v.object({ kind: v.literal('rights'), account: v.string(), error }),
  v.object({ kind: v.literal('not-servable'), found: v.string(), hint: v.string() }),
  v.object({ kind: v.literal('not-secured'), found: v.string() }),
  v.object({ kind: v.literal('threw'), error }),
  v.object({ kind: v.literal('not-listening'), error }),
  v.object({ kind: v.literal('ended'), step }),
])

const amount = v.pipe(v.number(), v.minValue(0))

const message: v.GenericSchema<Message> = v.variant('type', [
  v.object({ type: v.literal('progress'), step, detail: v.nullable(v.string()) }),
  v.object({ type: v.literal('listen'), request: v.number(), query, isHttp: v.boolean(), isInherited: v.boolean() }),
  v.object({ type: v.literal('received'), request: v.number() }),
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('accepting') }),
  v.object({ type: v.literal('failed'), failure }),
  v.object({ type: v.literal('threw'), error }),
  v.object({ type: v.literal('signalled'), signal: v.string() }),
  v.object({ type: v.literal('warning'), code: v.string(), text: v.string() }),
  v.object({ type: v.literal('inspector-open'), address: v.string() }),
  v.object({
    type: v.literal('heartbeat'),
    requests: amount,
    rss: amount,
    loopDelayMs: amount,
    hasOwnUsr1: v.boolean(),
  }),
  v.object({ type: v.literal('intake-closed') }),
  v.object({
    type: v.literal('connection'),
    id: v.string(),
    say: v.picklist(['arrived', 'unwanted', 'gone', 'kept']),
  }),
  v.object({ type: v.literal('files'), files: v.array(v.string()) }),
  v.object({
    type: v.literal('modules'),
    modules: v.array(v.string()),
    builtins: v.array(v.string()),
    env: v.record(v.string(), v.nullable(v.string())),
  }),
  v.object({
    type: v.literal('warm'),
    failed: v.array(v.string()),
    isUsable: v.boolean(),
    files: v.array(v.string()),
  }),
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
