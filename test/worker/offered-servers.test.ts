import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { describe, expect, it } from 'vitest'
import { offerOf, serversFor } from '../../packages/supervisor/src/worker/offer.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { GO } from './agent-process.ts'

const handler: RequestListener = (request, response) => void response.end(request.url)
const fastifyLike = () => ({ ready: () => Promise.resolve(), routing: handler, server: createServer(handler) })
const koaLike = () => ({ use: () => {}, callback: () => handler })

describe('servers', () => {
  it.each<[string, () => unknown]>([
    ['a handler', () => handler],
    ['fetch(request)', () => ({ fetch: (request: Request) => new Response(new URL(request.url).pathname) })],
    ['a Fastify app', fastifyLike],
    ['a Koa app', koaLike],
    ['a server', () => createServer(handler)],
  ])('answer for %s on every address', async (_what, app) => {
    using folder = new Folder()
    const path = `${folder.path}/app.sock`
    const servers = await serversOf(app(), 3)
    const [first, second, third] = servers
    first?.listen(0, '127.0.0.1')
    second?.listen(0, '127.0.0.1')
    third?.listen(path)
    for (const server of servers) if (!server.listening) await once(server, 'listening')
    expect((await ask({ port: portOf(first), path: '/first' })).body).toBe('/first')
    expect((await ask({ port: portOf(second), path: '/second' })).body).toBe('/second')
    expect((await ask({ socketPath: path, path: '/third' })).body).toBe('/third')
    for (const server of servers) server.close()
  })

  it('wait until a Fastify app is ready', async () => {
    const steps: string[] = []
    const app = { ...fastifyLike(), ready: async () => void steps.push('ready') }
    await serversOf(app, 1)
    expect(steps).toEqual(['ready'])
  })
})

async function serversOf(app: unknown, count: number): Promise<Server[]> {
  const offer = await offerOf({ default: app }, { name: null, factory: false })
  if (offer.kind === 'nothing' || offer.kind === 'not-servable') throw new Error(offer.found)
  const servers = await serversFor(offer, count, null, GO.http.limits)
  if (servers === null) throw new Error('it can not be served')
  return servers
}

function portOf(server: Server | undefined): number {
  return (server?.address() as AddressInfo | undefined)?.port ?? 0
}
