import { describe, expect, it } from 'vitest'
import { Folder } from '../harness/folder.ts'
import { ask } from '../harness/client.ts'
import type { Cli } from '../harness/cli.ts'
import { factsOf, factsOfHandedOver, serveFacts, STRANGER } from './facts.ts'
import { isNginxMissing, Nginx } from './nginx.ts'

/** Skipped where the program is missing, except where everything has to be tested. */
const behindNginx = describe.skipIf(isNginxMissing && process.env['CI'] !== 'true')

/** What a client may try to have the app believe. */
const LIES = {
  'x-forwarded-for': '6.6.6.6',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'evil.example',
  forwarded: 'for=6.6.6.6;proto=https;host=evil.example',
}

interface Served extends AsyncDisposable {
  readonly cli: Cli
  readonly nginx: Nginx
}

const UPSTREAMS: Readonly<Record<string, (args: readonly string[]) => Promise<Served>>> = {
  TCP: async (args) => await served(await serveFacts(args), (cli) => `127.0.0.1:${cli.port}`),
  'a Unix socket': async (args) => {
    const folder = new Folder()
    const address = `unix:${folder.path}/app.sock`
    return await served(await serveFacts([...args, '--bind', address]), () => address, folder)
  },
}

async function served(cli: Cli, addressOf: (cli: Cli) => string, folder?: Folder): Promise<Served> {
  const nginx = await Nginx.inFrontOf(addressOf(cli))
  return {
    cli,
    nginx,
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]()
      await cli[Symbol.asyncDispose]()
      folder?.[Symbol.dispose]()
    },
  }
}

describe.each(Object.entries(UPSTREAMS))('over %s,', (_what, start) => {
  behindNginx('behind a real nginx', () => {
    it('the client is who has asked nginx, whatever he says of others', async () => {
      await using both = await start([])
      const { port } = both.nginx
      const headers = { ...LIES, host: 'shop.example' }
      const client = { address: STRANGER, port: null, protocol: 'http', host: 'shop.example' }
      expect((await factsOf({ port, localAddress: STRANGER, headers })).client).toEqual(client)
      expect((await factsOf({ port, localAddress: STRANGER })).client.address).toBe(STRANGER)
    })

    it('and in an upgrade', async () => {
      await using both = await start([])
      const head = ['GET /socket HTTP/1.1', 'Host: shop.example', 'X-Forwarded-For: 6.6.6.6']
      const to = { port: both.nginx.port, host: '127.0.0.1', localAddress: STRANGER }
      const facts = await factsOfHandedOver(to, [...head, 'Connection: Upgrade', 'Upgrade: facts'])
      expect(facts).toMatchObject({ url: '/socket', client: { address: STRANGER, host: 'shop.example' } })
    })

    it('nginx is not believed where it is not trusted', async () => {
      await using both = await start(['--forwarded-allow-ips', '192.0.2.1'])
      const { client, headers } = await factsOf({ port: both.nginx.port, localAddress: STRANGER, headers: LIES })
      expect(client.address).toBe(both.cli.events('listener-bound').length === 2 ? null : '127.0.0.1')
      expect(Object.keys(headers).filter((name) => /forwarded/.test(name))).toEqual([])
    })

    it('the root path is the same whether nginx takes it away or not', async () => {
      await using stripped = await start(['--root-path', '/stripped'])
      const expected = { url: '/items?a=1', originalUrl: '/stripped/items?a=1', baseUrl: '/stripped' }
      expect(await factsOf({ port: stripped.nginx.port, path: '/stripped/items?a=1' })).toMatchObject(expected)
      await using kept = await start(['--root-path', '/kept'])
      const asWell = { url: '/items?a=1', originalUrl: '/kept/items?a=1', baseUrl: '/kept' }
      expect(await factsOf({ port: kept.nginx.port, path: '/kept/items?a=1' })).toMatchObject(asWell)
    })

    it("the id of a request is nginx's own, and not the client's", async () => {
      await using both = await start(['--request-id'])
      const answer = await ask({ port: both.nginx.port, headers: { 'x-request-id': 'mine' } })
      expect(answer.headers?.['x-request-id']).toMatch(/^[\da-f]{32}$/)
      expect(answer.body).toContain(`"x-request-id":"${String(answer.headers?.['x-request-id'])}"`)
    })
  })
})
