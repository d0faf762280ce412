import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ErrorSummary } from '../../packages/supervisor/src/core/failure.ts'
import { toLine } from '../../packages/supervisor/src/protocol/lines.ts'
import {
  parseMessage,
  type ListenQuery,
  type Message,
  type OwnFailure,
} from '../../packages/supervisor/src/protocol/messages.ts'
import type { Binding, Order } from '../../packages/supervisor/src/protocol/orders.ts'
import { parseOrder } from '../../packages/supervisor/src/worker/control.ts'

const optional = fc.option(fc.string(), { nil: undefined })
const nullable = fc.option(fc.integer(), { nil: null })
const error: fc.Arbitrary<ErrorSummary> = fc.record({
  name: fc.string(),
  message: fc.string(),
  code: optional,
  stack: optional,
})
const query: fc.Arbitrary<ListenQuery> = fc.record({
  address: fc.option(fc.string(), { nil: null }),
  port: nullable,
  addressType: fc.constantFrom(4, 6, -1, null),
  fd: nullable,
  flags: fc.integer(),
  index: fc.nat(),
})
const failure: fc.Arbitrary<OwnFailure> = fc.oneof(
  fc.record({ kind: fc.constantFrom('not-loaded', 'threw', 'not-listening'), error }),
  fc.record({ kind: fc.constant('not-servable'), found: fc.string(), hint: fc.string() }),
  fc.record({ kind: fc.constant('not-secured'), found: fc.string() }),
  fc.record({ kind: fc.constant('preload'), what: fc.string(), error }),
  fc.record({ kind: fc.constant('rights'), account: fc.string(), error }),
  fc.record({ kind: fc.constant('ended'), step: fc.constantFrom('preloading', 'loading', 'loaded') }),
)

const names = fc.array(fc.string())
const LOADED = {
  modules: names,
  builtins: names,
  // A name that is no name of its own on the other side is none in an environment either.
  env: fc.dictionary(fc.stringMatching(/^[A-Z_]+$/), fc.option(fc.string(), { nil: null }), { noNullPrototype: true }),
}

/** One generator for each type: a message that is added and has none here does not compile. */
const MESSAGES: { readonly [Type in Message['type']]: fc.Arbitrary<Extract<Message, { readonly type: Type }>> } = {
  progress: fc.record({
    type: fc.constant('progress'),
    step: fc.constantFrom('loading', 'loaded', 'silent', 'listening'),
    detail: fc.option(fc.string(), { nil: null }),
  }),
  listen: fc.record({
    type: fc.constant('listen'),
    request: fc.nat(),
    query,
    isHttp: fc.boolean(),
    isInherited: fc.boolean(),
  }),
  received: fc.record({ type: fc.constant('received'), request: fc.nat() }),
  ready: fc.constant({ type: 'ready' }),
  accepting: fc.constant({ type: 'accepting' }),
  failed: fc.record({ type: fc.constant('failed'), failure }),
  threw: fc.record({ type: fc.constant('threw'), error }),
  signalled: fc.record({ type: fc.constant('signalled'), signal: fc.string() }),
  warning: fc.record({ type: fc.constant('warning'), code: fc.string(), text: fc.string() }),
  'inspector-open': fc.record({ type: fc.constant('inspector-open'), address: fc.string() }),
  heartbeat: fc.record({
    type: fc.constant('heartbeat'),
    hasOwnUsr1: fc.boolean(),
    requests: fc.nat(),
    rss: fc.nat(),
    loopDelayMs: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
  }),
  'intake-closed': fc.constant({ type: 'intake-closed' }),
  connection: fc.record({
    type: fc.constant('connection'),
    id: fc.string(),
    say: fc.constantFrom('arrived', 'unwanted', 'gone', 'kept'),
  }),
  files: fc.record({ type: fc.constant('files'), files: fc.array(fc.string()) }),
  modules: fc.record({ type: fc.constant('modules'), ...LOADED }),
  warm: fc.record({
    type: fc.constant('warm'),
    failed: fc.array(fc.string()),
    isUsable: fc.boolean(),
    files: fc.array(fc.string()),
  }),
}
const message: fc.Arbitrary<Message> = fc.oneof(...Object.values(MESSAGES))

const binding: fc.Arbitrary<Binding> = fc.oneof(
  fc.record({ kind: fc.constant('tcp'), host: fc.option(fc.string(), { nil: null }), port: fc.nat() }),
  fc.record({ kind: fc.constant('unix'), path: fc.string() }),
  fc.record({ kind: fc.constant('fd'), fd: fc.nat() }),
)
const accessLog = fc.record({
  file: fc.option(fc.string(), { nil: null }),
  format: fc.constantFrom('auto' as const, 'json' as const),
})
const ORDERS: { readonly [Type in Order['type']]: fc.Arbitrary<Extract<Order, { readonly type: Type }>> } = {
  go: fc.record({
    type: fc.constant('go'),
    accept: fc.constantFrom('shared', 'cluster'),
    sticky: fc.constantFrom('off', 'ip'),
    bind: fc.array(binding),
    isActivated: fc.boolean(),
    isBindChosen: fc.boolean(),
    gracefulTimeoutMs: fc.nat(),
    app: fc.record({
      name: fc.option(fc.string(), { nil: null }),
      factory: fc.boolean(),
      mode: fc.constantFrom('auto', 'listen', 'export'),
    }),
    ready: fc.record({ mode: fc.constantFrom('listen', 'signal'), path: fc.option(fc.string(), { nil: null }) }),
    preload: fc.record({
      requires: fc.array(fc.string()),
      imports: fc.array(fc.string()),
      hooksFile: fc.option(fc.string(), { nil: null }),
    }),
    title: fc.string(),
    isCheck: fc.boolean(),
    beatMs: fc.nat(),
    requestLimit: fc.option(fc.nat(), { nil: null }),
    measuresLoopDelay: fc.boolean(),
    http: fc.record(
      {
        accessLog,
        limits: fc.record({
          concurrency: fc.option(fc.nat()),
          headers: fc.option(fc.nat()),
          backlog: fc.option(fc.nat()),
          server: fc.record({ keepAliveTimeout: fc.nat(), maxHeaderSize: fc.nat() }, { requiredKeys: [] }),
        }),
      },
      { requiredKeys: ['limits'] },
    ),
    tls: fc.option(
      fc.record({
        cert: fc.string(),
        key: fc.string(),
        ca: fc.option(fc.string()),
        clientAuth: fc.constantFrom('none', 'optional', 'required'),
        minVersion: fc.constantFrom('TLSv1.2', 'TLSv1.3'),
        http2: fc.boolean(),
      }),
    ),
  }),
  inherit: fc.record({ type: fc.constant('inherit'), request: fc.integer({ max: -1 }), query }),
  bound: fc.record({
    type: fc.constant('bound'),
    request: fc.nat(),
    errno: fc.option(fc.string(), { nil: null }),
    ticketKeys: fc.option(fc.base64String()),
  }),
  accept: fc.constant({ type: 'accept' }),
  owners: fc.record({ type: fc.constant('owners'), indexes: fc.array(fc.nat()), own: fc.option(fc.nat()) }),
  connection: fc.record({
    type: fc.constant('connection'),
    id: fc.string(),
    say: fc.constantFrom('let-go', 'keep', 'take', 'forget'),
  }),
  unready: fc.constant({ type: 'unready' }),
  'list-files': fc.constant({ type: 'list-files' }),
  'list-modules': fc.record({ type: fc.constant('list-modules'), exclude: fc.array(fc.string()) }),
  wait: fc.record({ type: fc.constant('wait'), title: fc.string(), isDevelopment: fc.boolean() }),
  warm: fc.record({
    type: fc.constant('warm'),
    requires: fc.array(fc.string()),
    imports: fc.array(fc.string()),
    loaded: fc.record(LOADED),
  }),
  'ticket-keys': fc.record({ type: fc.constant('ticket-keys'), ticketKeys: fc.base64String() }),
  'app-ready': fc.constant({ type: 'app-ready' }),
  'reopen-logs': fc.constant({ type: 'reopen-logs' }),
  drain: fc.record({
    type: fc.constant('drain'),
    mode: fc.constantFrom('graceful', 'quick', 'stale'),
    graceMs: fc.nat(),
  }),
}

/** Whether what stands in a message could be the other value as well. */
function isAlike(type: string, value: unknown, other: unknown): boolean {
  if (typeof value === 'boolean') return typeof other === 'boolean'
  // The environment alone is an object whose names are anybody's.
  return Array.isArray(value) ? Array.isArray(other) : type === 'modules' && isObject(value) && isObject(other)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

describe('a message of a worker', () => {
  it.each(Object.keys(MESSAGES) as Message['type'][])('arrives as it was sent: %s', (type) => {
    fc.assert(
      fc.property(MESSAGES[type], (sent) => {
        expect(parseMessage(toLine(sent))).toEqual(sent)
      }),
    )
  })

  it('that lacks a field, or has one of another type, is none', () => {
    const spoiled = fc.tuple(message, fc.constantFrom(undefined, null, [], {}, true, { request: '1' }), fc.nat())
    fc.assert(
      fc.property(spoiled, ([sent, value, choice]) => {
        const required = Object.keys(sent)
        const name = required[choice % required.length] ?? ''
        // Nothing found, and nothing waited for, is said by null.
        fc.pre(!(name === 'detail' && value === null))
        fc.pre(!isAlike(sent.type, Reflect.get(sent, name), value))
        expect(parseMessage(JSON.stringify({ ...sent, [name]: value }))).toBeNull()
      }),
    )
  })

  it('is rid of fields that do not belong to it', () => {
    expect(parseMessage('{"type":"ready","worker":3,"__proto__":{"type":"loaded"}}')).toEqual({ type: 'ready' })
  })
})

describe('anything else', () => {
  it.each([
    ['an empty line', ''],
    ['no JSON', 'ready'],
    ['half of a message', '{"type":"rea'],
    ['null', 'null'],
    ['a number', '42'],
    ['a list', '[{"type":"ready"}]'],
    ['an unknown type', '{"type":"accept"}'],
    ['a type that every object has', '{"type":"constructor"}'],
  ])('is no message: %s', (_what, line) => {
    expect(parseMessage(line)).toBeNull()
  })

  it('never throws, whatever a worker writes', () => {
    const json = fc.jsonValue().map((value) => JSON.stringify(value))
    const nearly = fc.tuple(fc.constantFrom(...Object.keys(MESSAGES)), fc.dictionary(fc.string(), fc.jsonValue()))
    const line = fc.oneof(
      fc.string(),
      json,
      nearly.map(([type, rest]) => JSON.stringify({ ...rest, type })),
    )
    fc.assert(
      fc.property(line, (line) => {
        const parsed = parseMessage(line)
        if (parsed !== null) expect(Object.keys(MESSAGES)).toContain(parsed.type)
      }),
    )
  })
})

describe('an order of the supervisor', () => {
  it.each(Object.keys(ORDERS) as Order['type'][])('arrives as it was given: %s', (type) => {
    fc.assert(
      fc.property(ORDERS[type], (given) => {
        expect(parseOrder(toLine(given))).toEqual(given)
      }),
    )
  })

  it('that is no JSON is none', () => {
    for (const line of ['', 'go', '{"type":"go"']) expect(parseOrder(line)).toBeNull()
  })
})
