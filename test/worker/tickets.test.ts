import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { Server } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { Tickets } from '../../packages/supervisor/src/worker/tickets.ts'
import { fixture } from '../harness/cli.ts'

const TLS = { key: readFileSync(fixture('tls/key.pem')), cert: readFileSync(fixture('tls/cert.pem')) }

function keys(): string {
  return randomBytes(48).toString('base64')
}

function keysOf(server: Server): string {
  return server.getTicketKeys().toString('base64')
}

describe.each([
  ['https', () => createServer(TLS)],
  ['http2', () => createSecureServer(TLS)],
])('a server of %s', (_what, create) => {
  it('gets the shared keys, and those that replace them', () => {
    const tickets = new Tickets()
    const server = create()
    const [first, second] = [keys(), keys()]
    tickets.share(server, first)
    expect(keysOf(server)).toBe(first)
    tickets.replace(second)
    expect(keysOf(server)).toBe(second)
    // It listens once more, with what the supervisor says then.
    tickets.share(server, first)
    expect(keysOf(server)).toBe(first)
  })

  it('keeps them with a new certificate', () => {
    const tickets = new Tickets()
    const server = create()
    const [first, second] = [keys(), keys()]
    tickets.share(server, first)
    server.setSecureContext(TLS)
    expect(keysOf(server)).toBe(first)
    tickets.replace(second)
    server.setSecureContext(TLS)
    expect(keysOf(server)).toBe(second)
  })

  it.each<[string, (server: Server, own: string) => void]>([
    ['set by itself', (server, own) => server.setTicketKeys(Buffer.from(own, 'base64'))],
    ['brought with a certificate', (server, own) => setContext(server, own)],
  ])('keeps keys of the app’s own, %s', (_way, choose) => {
    const tickets = new Tickets()
    const server = create()
    const own = keys()
    tickets.share(server, keys())
    choose(server, own)
    expect(keysOf(server)).toBe(own)
    tickets.replace(keys())
    tickets.share(server, keys())
    expect(keysOf(server)).toBe(own)
  })
})

function setContext(server: Server, own: string): void {
  server.setSecureContext({ ...TLS, ticketKeys: Buffer.from(own, 'base64') })
}

it('a server with the option ticketKeys has its own', () => {
  const tickets = new Tickets()
  const own = keys()
  const server = createServer({ ...TLS, ticketKeys: Buffer.from(own, 'base64') })
  tickets.share(server, keys())
  tickets.replace(keys())
  expect(keysOf(server)).toBe(own)
})

it('a server that has its keys from node:cluster keeps them', () => {
  const tickets = new Tickets()
  const server = createServer(TLS)
  const before = keysOf(server)
  tickets.keep(server)
  server.setSecureContext(TLS)
  tickets.replace(keys())
  expect(keysOf(server)).toBe(before)
})

it('a server without TLS is left alone', () => {
  const server = createPlainServer()
  const tickets = new Tickets()
  tickets.share(server, keys())
  tickets.keep(server)
  expect(Object.keys(server)).not.toContain('setTicketKeys')
})
