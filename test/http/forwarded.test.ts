import { describe, expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { freePort } from '../harness/free-port.ts'
import { ask2, factsOf, factsOfHandedOver, serveFacts, serveFacts2, STRANGER, type Facts } from './facts.ts'

/** What only a proxy may say, in spellings of all kinds, and between them what anybody may. */
const LIES: readonly (readonly [string, string])[] = [
  ['X-Forwarded-For', '6.6.6.6'],
  ['X-Color', 'blue'],
  ['x-forwarded-proto', 'https'],
  ['X-FORWARDED-HOST', 'evil.example'],
  ['X-Forwarded-Port', '1'],
  ['X-Forwarded-Prefix', '/evil'],
  ['X-Forwarded-Anything', 'evil'],
  ['Forwarded', 'for=6.6.6.6'],
  ['fORWARDED', 'for=7.7.7.7'],
  ['X-Real-IP', '6.6.6.6'],
  ['X-Forwarded-For', '7.7.7.7'],
  ['From', 'a@b.example'],
]
const HONEST = { 'x-color': 'blue', from: 'a@b.example' }

/** The headers of a request as `http.request` takes them, in this order. */
const LIST: readonly string[] = [['Host', 'app.local'], ...LIES].flat()
const HEAD: readonly string[] = ['Host: app.local', ...LIES.map(([name, value]) => `${name}: ${value}`)]

/** Apps that take the word of whoever is connected. */
const TRUSTING: Readonly<Record<string, string>> = {
  Express: `
    import express from 'express'
    const app = express().set('trust proxy', true)
    export default app.get('/', (request, response) => response.json([request.ip, request.protocol]))`,
  Fastify: `
    import Fastify from 'fastify'
    export default Fastify({ trustProxy: true }).get('/', async (request) => [request.ip, request.protocol])`,
  Koa: `
    import Koa from 'koa'
    export default new Koa({ proxy: true }).use((context) => { context.body = [context.ip, context.protocol] })`,
}

/** All names that the app finds anywhere in a request. */
function namesIn({ headers, rawHeaders, headersDistinct = {} }: Facts): string[] {
  const raw = rawHeaders.filter((_, index) => index % 2 === 0)
  return [...Object.keys(headers), ...raw, ...Object.keys(headersDistinct)].map((name) => name.toLowerCase())
}

function lies(facts: Facts): string[] {
  return namesIn(facts).filter((name) => /forwarded|x-real-ip/.test(name))
}

describe('who is not trusted', () => {
  it('can not say who the client is, in a request', async () => {
    await using cli = await serveFacts()
    const facts = await factsOf({ port: cli.port, localAddress: STRANGER, headers: LIST })
    expect(lies(facts)).toEqual([])
    expect(facts.headers).toMatchObject({ host: 'app.local', ...HONEST })
    expect(facts.rawHeaders).toEqual(
      expect.arrayContaining(['Host', 'app.local', 'X-Color', 'blue', 'From', 'a@b.example']),
    )
    expect(facts.headersDistinct).toMatchObject({ host: ['app.local'], 'x-color': ['blue'], from: ['a@b.example'] })
    expect(facts.client).toMatchObject({ address: STRANGER, protocol: 'http', host: 'app.local' })
  })

  it.each([
    ['an upgrade', 'GET / HTTP/1.1', ['Connection: Upgrade', 'Upgrade: facts']],
    ['CONNECT', 'CONNECT target.example:443 HTTP/1.1', []],
  ])('can not do so in %s', async (_what, line, more) => {
    await using cli = await serveFacts()
    const to = { port: cli.port, host: '127.0.0.1', localAddress: STRANGER }
    const facts = await factsOfHandedOver(to, [line, ...HEAD, ...more])
    expect(lies(facts)).toEqual([])
    expect(facts.headers).toMatchObject(HONEST)
    expect(facts.client.address).toBe(STRANGER)
  })

  it('can not do so in a request that expects 100-continue', async () => {
    await using cli = await serveFacts()
    const headers = [...LIST, 'Expect', '100-continue']
    const facts = await factsOf({ port: cli.port, localAddress: STRANGER, headers })
    expect(lies(facts)).toEqual([])
    expect(facts.client.address).toBe(STRANGER)
  })

  it('can not do so over HTTP/2, whichever way the app looks at its streams', async () => {
    await using cli = await serveFacts2()
    const to = { port: cli.port, host: '127.0.0.1', localAddress: STRANGER }
    const headers = Object.fromEntries(LIES.map(([name, value]) => [name.toLowerCase(), value]))
    const request = JSON.parse((await ask2(to, headers)).body) as Facts
    expect(lies(request)).toEqual([])
    expect(request.headers).toMatchObject(HONEST)
    expect(request.client).toMatchObject({ address: STRANGER, protocol: 'http', host: `127.0.0.1:${cli.port}` })
    const stream = JSON.parse((await ask2(to, { ...headers, ':path': '/stream' })).body) as Facts
    expect(lies(stream)).toEqual([])
    expect(stream.headers).toMatchObject(HONEST)
  })

  it('can not do so where node:cluster distributes the connections', async () => {
    const port = await freePort()
    await using _cli = await serveFacts(['--accept', 'cluster', '--bind', `127.0.0.1:${port}`])
    const facts = await factsOf({ port, localAddress: STRANGER, headers: LIST })
    expect(lies(facts)).toEqual([])
    expect(facts.client.address).toBe(STRANGER)
  })

  it.each(Object.entries(TRUSTING))('can not do so in %s, which believes everybody', async (_what, source) => {
    using project = new Project({ 'app.mjs': source }, 'frameworks')
    await using cli = await project.serving(['--bind', '127.0.0.1:0', 'app.mjs'])
    const headers = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https' }
    const { body } = await ask({ port: cli.port, localAddress: STRANGER, headers })
    expect(JSON.parse(body)).toEqual([STRANGER, 'http'])
    expect(JSON.parse((await ask({ port: cli.port, headers })).body)).toEqual(['6.6.6.6', 'https'])
  })

  it('has all other headers left as they came, when there is nothing to remove', async () => {
    await using cli = await serveFacts()
    const headers = ['Host', 'app.local', 'X-Color', 'blue', 'x-color', 'red', 'Connection', 'close']
    const facts = await factsOf({ port: cli.port, localAddress: STRANGER, headers })
    expect(facts.rawHeaders).toEqual(headers)
  })
})

describe('who is trusted', () => {
  const CLAIM = {
    'x-forwarded-for': '6.6.6.6, 203.0.113.7:99',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'a.example',
  }
  const CLIENT = { address: '203.0.113.7', port: 99, protocol: 'https', host: 'a.example' }

  it('is 127.0.0.1 by default, whose headers reach the app as they came', async () => {
    await using cli = await serveFacts()
    const facts = await factsOf({ port: cli.port, headers: CLAIM })
    expect(facts.headers).toMatchObject(CLAIM)
    expect(facts.client).toEqual(CLIENT)
  })

  it('is who connects through a Unix socket', async () => {
    using folder = new Folder()
    const socketPath = `${folder.path}/app.sock`
    const bind = ['--bind', `unix:${socketPath}`]
    await using cli = await serveFacts(bind)
    expect(cli.events('listener-bound')).toHaveLength(2)
    expect((await factsOf({ socketPath, headers: CLAIM })).client).toEqual(CLIENT)
    expect((await factsOf({ socketPath })).client).toMatchObject({ address: null, port: null, protocol: 'http' })
  })

  it('may speak for an upgrade, CONNECT and HTTP/2', async () => {
    const head = ['Host: app.local', ...Object.entries(CLAIM).map(([name, value]) => `${name}: ${value}`)]
    await using cli = await serveFacts()
    const to = { port: cli.port, host: '127.0.0.1' }
    const upgrade = ['GET / HTTP/1.1', ...head, 'Connection: Upgrade', 'Upgrade: facts']
    expect((await factsOfHandedOver(to, upgrade)).client).toEqual(CLIENT)
    expect((await factsOfHandedOver(to, ['CONNECT a:1 HTTP/1.1', ...head])).client).toEqual(CLIENT)
    await using cli2 = await serveFacts2()
    const { body } = await ask2({ port: cli2.port, host: '127.0.0.1' }, CLAIM)
    expect((JSON.parse(body) as Facts).client).toEqual(CLIENT)
  })

  it.each<[string, readonly string[], Readonly<Record<string, string>>]>([
    ['--forwarded-allow-ips', ['--forwarded-allow-ips', '10.0.0.0/8, 127.0.0.2'], {}],
    ['FORWARDED_ALLOW_IPS', [], { FORWARDED_ALLOW_IPS: '10.0.0.0/8,127.0.0.2' }],
    ['SUPERVISOR_FORWARDED_ALLOW_IPS', [], { SUPERVISOR_FORWARDED_ALLOW_IPS: '10.0.0.0/8 127.0.0.2' }],
  ])('is who %s names, and nobody else', async (_what, args, env) => {
    await using cli = await serveFacts(args, { env })
    expect((await factsOf({ port: cli.port, localAddress: STRANGER, headers: CLAIM })).client).toEqual(CLIENT)
    const facts = await factsOf({ port: cli.port, headers: CLAIM })
    expect(lies(facts)).toEqual([])
    expect(facts.client.address).toBe('127.0.0.1')
  })

  it.each([
    ['*', '6.6.6.6', '6.6.6.6'],
    ['none', STRANGER, '127.0.0.1'],
  ])('is everybody or nobody: %s', async (who, ofStranger, ofNeighbour) => {
    await using cli = await serveFacts(['--forwarded-allow-ips', who])
    const { client } = await factsOf({ port: cli.port, localAddress: STRANGER, headers: CLAIM })
    expect(client.address).toBe(ofStranger)
    expect((await factsOf({ port: cli.port, headers: CLAIM })).client.address).toBe(ofNeighbour)
  })

  it('is 127.0.0.1 also where a socket takes IPv6 as well', async () => {
    await using cli = await serveFacts(['--bind', ':0'])
    const address = String(cli.events('listener-bound')[1]?.['address'])
    const { client } = await factsOf({ port: Number(address.split(':').at(-1)), headers: CLAIM })
    expect(client).toEqual(CLIENT)
  })

  it('may name 10,000 hops, as far as Node takes so long a header', async () => {
    await using cli = await serveFacts(['--node-args=--max-http-header-size=1000000'])
    const hops = '6.6.6.6, '.repeat(10_000)
    const headers = { 'x-forwarded-for': `${hops}203.0.113.7` }
    expect((await factsOf({ port: cli.port, headers })).client.address).toBe('203.0.113.7')
    const facts = await factsOf({ port: cli.port, localAddress: STRANGER, headers })
    expect(lies(facts)).toEqual([])
  })
})

it('client() tells the peer without a supervisor', async () => {
  const { client } = await import('@prefork/supervisor/worker')
  const socket = { remoteAddress: '::ffff:203.0.113.7', remotePort: 99, encrypted: true }
  const headers = { host: 'app.local', 'x-forwarded-for': '6.6.6.6' }
  const request = { headers, socket } as unknown as Parameters<typeof client>[0]
  expect(client(request)).toEqual({ address: '203.0.113.7', port: 99, protocol: 'https', host: 'app.local' })
})
