import { describe, expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { ask } from '../harness/client.ts'
import { ask2, factsOfHandedOver, serveFacts, serveFacts2, STRANGER, type Facts } from './facts.ts'

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

/** The ids that the app sees, in all forms of its headers, and the one that the client gets. */
async function idsOf(
  port: number,
  headers: Readonly<Record<string, string>> | readonly string[] = {},
  localAddress = '127.0.0.1',
): Promise<{ readonly inside: unknown[]; readonly outside: unknown }> {
  const answer = await ask({ port, headers, localAddress })
  return { inside: idsIn(JSON.parse(answer.body) as Facts), outside: answer.headers?.['x-request-id'] }
}

function idsIn({ headers, rawHeaders, headersDistinct }: Facts): unknown[] {
  const raw = rawHeaders.filter(
    (_, index) => rawHeaders[index - 1]?.toLowerCase() === 'x-request-id' && index % 2 === 1,
  )
  return [headers['x-request-id'], ...raw, ...(headersDistinct?.['x-request-id'] ?? [])]
}

describe('--request-id', () => {
  it('gives each request another one, which the client learns too', async () => {
    await using cli = await serveFacts(['--request-id'])
    const first = await idsOf(cli.port)
    const second = await idsOf(cli.port)
    for (const { inside, outside } of [first, second]) {
      expect(outside).toMatch(UUID)
      expect(inside).toEqual([outside, outside, outside])
    }
    expect(first.outside).not.toBe(second.outside)
  })

  it.each(['abc', '7', 'Root=1-67891233-abcdef012345678912345678', 'a/b+c==', 'x'.repeat(128)])(
    'keeps that of a trusted peer: %.40s',
    async (id) => {
      await using cli = await serveFacts(['--request-id'])
      expect(await idsOf(cli.port, { 'X-Request-ID': id })).toEqual({ inside: [id, id, id], outside: id })
    },
  )

  it('replaces that of anybody else', async () => {
    await using cli = await serveFacts(['--request-id'])
    const { inside, outside } = await idsOf(cli.port, { 'X-Request-ID': 'abc' }, STRANGER)
    expect(outside).toMatch(UUID)
    expect(inside).toEqual([outside, outside, outside])
  })

  it('does so beside all else that is taken from him', async () => {
    await using cli = await serveFacts(['--request-id'])
    const headers = { 'X-Forwarded-For': '6.6.6.6', 'X-Request-ID': 'abc', 'X-Color': 'blue', Forwarded: 'for=6.6.6.6' }
    const { inside, outside } = await idsOf(cli.port, headers, STRANGER)
    expect(inside).toEqual([outside, outside, outside])
    const { body } = await ask({ port: cli.port, headers, localAddress: STRANGER })
    expect(body).not.toMatch(/6\.6\.6\.6|abc/)
    expect(JSON.parse(body)).toMatchObject({ headers: { 'x-color': 'blue' }, headersDistinct: { 'x-color': ['blue'] } })
  })

  it.each<[string, readonly string[]]>([
    ['empty', ['X-Request-Id', '']],
    ['too long', ['X-Request-Id', 'x'.repeat(129)]],
    ['of several words', ['X-Request-Id', 'a b']],
    ['with quotes', ['X-Request-Id', '"a"']],
    ['beyond ASCII', ['X-Request-Id', 'ä']],
    ['there twice', ['X-Request-Id', 'a', 'x-request-id', 'b']],
  ])('replaces one that is %s', async (_what, headers) => {
    await using cli = await serveFacts(['--request-id'])
    const { inside, outside } = await idsOf(cli.port, ['Host', 'a', ...headers])
    expect(outside).toMatch(UUID)
    expect(inside).toEqual([outside, outside, outside])
  })

  it('is there over HTTP/2 and in upgrades', async () => {
    await using cli2 = await serveFacts2(['--request-id'])
    const to2 = { port: cli2.port, host: '127.0.0.1' }
    for (const [path, id] of [
      ['/', UUID],
      ['/stream', UUID],
      ['/', /^abc$/],
    ] as const) {
      const { headers, body } = await ask2(to2, { ':path': path, ...(id !== UUID && { 'x-request-id': 'abc' }) })
      expect(headers['x-request-id']).toMatch(id)
      expect(idsIn(JSON.parse(body) as Facts)).toEqual([headers['x-request-id'], headers['x-request-id']])
    }
    await using cli = await serveFacts(['--request-id'])
    const head = ['GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: facts']
    const [id, ...others] = idsIn(await factsOfHandedOver({ port: cli.port, host: '127.0.0.1' }, head))
    expect(id).toMatch(UUID)
    expect(others).toEqual([id, id])
  })

  it('leaves the app its own word in the response', async () => {
    const source = `export default (request, response) => response.writeHead(200, { 'x-request-id': 'mine' }).end()`
    using project = new Project({ 'app.mjs': source })
    await using cli = await project.serving(['--bind', '127.0.0.1:0', '--request-id', 'app.mjs'])
    expect((await ask({ port: cli.port })).headers?.['x-request-id']).toBe('mine')
  })

  it('is not there by default, and what the client sends is left alone', async () => {
    await using cli = await serveFacts()
    expect(await idsOf(cli.port)).toEqual({ inside: [undefined], outside: undefined })
    const { inside, outside } = await idsOf(cli.port, { 'X-Request-Id': 'a b' }, STRANGER)
    expect({ inside, outside }).toEqual({ inside: ['a b', 'a b', 'a b'], outside: undefined })
  })
})
