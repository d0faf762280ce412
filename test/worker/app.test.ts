import type { AddressInfo, Server } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { offerOf, serve, type Offer } from '../../packages/supervisor/src/worker/app.ts'
import { Folder } from '../harness/folder.ts'
import { ask } from '../harness/client.ts'

/** What is offered by a module with this default export, or this `module.exports`. */
function offerOfDefault(app: unknown): Offer {
  return offerOf({ default: app })
}

function foundIn(app: unknown): string {
  const offer = offerOfDefault(app)
  return offer.kind === 'not-servable' ? offer.found : `not refused: ${offer.kind}`
}

function handler(): void {}

async function listening(servers: readonly Server[]): Promise<void> {
  for (const server of servers) if (!server.listening) await once(server, 'listening')
}

describe('what an app exports', () => {
  it.each([
    ['a function', handler],
    ['an arrow function', () => {}],
    ['an async function', async () => {}],
    ['a function with properties, as Express apps are', Object.assign(() => {}, { use: () => {}, listen: () => {} })],
  ])('is served when it is %s', (_what, app) => {
    expect(offerOfDefault(app)).toEqual({ kind: 'handler', handler: app })
  })

  it('is served when it is the default export of TypeScript that was compiled to CommonJS', () => {
    const compiled = Object.defineProperty({ default: handler }, '__esModule', { value: true })
    expect(offerOf({ default: compiled, __esModule: true })).toEqual({ kind: 'handler', handler })
  })

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['nothing', {}],
    ['names but no default', { start: () => {}, port: 3000 }],
    ['undefined as default', { default: undefined }],
    ['the empty module.exports of CommonJS', { default: {} }],
    ['named exports of CommonJS', { default: { start: () => {} }, start: () => {} }],
  ])('leaves listening to the app when it is %s', (_what, namespace) => {
    expect(offerOf(namespace)).toEqual({ kind: 'nothing' })
  })

  it.each([
    ['a number', 42, 'a number (42)'],
    ['zero', 0, 'a number (0)'],
    ['a string', 'express', `a string ('express')`],
    ['an empty string', '', `a string ('')`],
    ['a boolean', false, 'a boolean (false)'],
    ['null', null, 'null'],
    ['a bigint', 1n, 'a bigint (1n)'],
    ['a symbol', Symbol('app'), 'a symbol (Symbol(app))'],
    ['a class instance', new (class Router extends Map {})(), 'an object (Router(0) [Map] {})'],
    ['an array', [1, 2], 'an object ([ 1, 2 ])'],
    ['a promise', Promise.resolve(1), 'an object (Promise { 1 })'],
    ['a map', new Map([['a', 1]]), "an object (Map(1) { 'a' => 1 })"],
  ])('is refused, and named, when it is %s', (_what, app, found) => {
    expect(foundIn(app)).toBe(found)
  })

  it('is named in one short line however large it is', () => {
    class Router {
      readonly routes = Array.from({ length: 1000 }, (_, index) => `/${index}\n`)
      readonly description = 'long\nand\nlonger'.repeat(1000)
      readonly settings = { deep: { deeper: {} } }
    }
    for (const app of [new Router(), 'x'.repeat(10_000), 'a\nb'.repeat(1000)]) {
      expect(foundIn(app).length).toBeLessThan(100)
      expect(foundIn(app)).not.toContain('\n')
    }
  })
})

describe('serving', () => {
  it('answers on every address that it is bound to', async () => {
    using folder = new Folder()
    const path = `${folder.path}/app.sock`
    const servers = serve(
      (request, response) => response.end(request.url),
      [
        { kind: 'tcp', host: '127.0.0.1', port: 0 },
        { kind: 'tcp', host: null, port: 0 },
        { kind: 'unix', path },
      ],
    )
    await listening(servers)
    const [first, second] = servers.map((server) => server.address() as AddressInfo)
    expect(first?.address).toBe('127.0.0.1')
    expect(second?.address).toMatch(/^(::|0\.0\.0\.0)$/)
    expect((await ask({ port: first?.port, path: '/first' })).body).toBe('/first')
    expect((await ask({ port: second?.port, path: '/second' })).body).toBe('/second')
    expect((await ask({ socketPath: path, path: '/third' })).body).toBe('/third')
    for (const server of servers) server.close()
  })
})
