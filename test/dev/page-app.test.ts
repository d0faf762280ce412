import { request as send } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { formFor } from '../../packages/supervisor/src/dev/accept.ts'
import { Exchangeable, pageFor, PLAIN_VIEW } from './serve-page.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'

describe('the form of the answer', () => {
  it.each([
    [undefined, 'text'],
    ['*/*', 'text'],
    [BROWSER, 'html'],
    ['application/json', 'json'],
    ['application/json, text/plain, */*', 'json'],
    ['application/problem+json', 'json'],
    ['text/html;q=0.1, application/json;q=0.2', 'json'],
    ['text/html;q=0, */*;q=0.1', 'text'],
    ['TEXT/HTML ; Q=0.5', 'html'],
    ['image/png', 'text'],
    ['text/html;q=nonsense', 'text'],
  ])('for %s is %s', (accept, form) => {
    expect(formFor(accept)).toBe(form)
  })
})

describe('every request', () => {
  it.each(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
    'with %s, on any path, is answered 503',
    async (method) => {
      await using server = await Exchangeable.serving(await pageFor(PLAIN_VIEW))
      const answer = await fetch(`${server.url}any/path?x=1`, { method, headers: { accept: BROWSER } })
      expect(answer.status).toBe(503)
      expect(await answer.text()).toContain('no database')
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'cache-control': 'no-store',
        'retry-after': '1',
        'content-type': 'text/html; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        vary: 'Accept',
      })
      expect(answer.headers.get('content-security-policy')).not.toMatch(/unsafe|\*|http/)
    },
  )

  it('with HEAD is answered by the headers alone', async () => {
    await using server = await Exchangeable.serving(await pageFor(PLAIN_VIEW))
    const answer = await fetch(server.url, { method: 'HEAD', headers: { accept: BROWSER } })
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(1000)
    expect(await answer.text()).toBe('')
  })

  it('of an open page is answered by the failure it is about, and nothing that a console would show', async () => {
    await using server = await Exchangeable.serving(await pageFor(PLAIN_VIEW))
    const id = (await fetch(server.url)).headers.get('x-prefork-failure')
    const answer = await fetch(server.url, { method: 'HEAD', headers: { 'x-prefork-poll': 'any' } })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('x-prefork-failure')).toBe(id)
    server.app = await pageFor({ ...PLAIN_VIEW, generation: 2 })
    expect((await fetch(server.url)).headers.get('x-prefork-failure')).toBe(id)
    server.app = await pageFor({ ...PLAIN_VIEW, message: 'another' })
    expect((await fetch(server.url)).headers.get('x-prefork-failure')).not.toBe(id)
  })

  it('with a body of any size gets its answer', async () => {
    await using server = await Exchangeable.serving(await pageFor(PLAIN_VIEW))
    const { port } = server
    const answer = await new Promise<string>((resolve, reject) => {
      const request = send({ port, method: 'POST' }, (response) => void text(response).then(resolve, reject))
      request.on('error', reject)
      request.end(Buffer.alloc(8 * 1024 * 1024))
    })
    expect(answer).toContain('TypeError: no database')
  })

  it('that would be another protocol is answered too', async () => {
    await using server = await Exchangeable.serving(await pageFor(PLAIN_VIEW))
    const socket = connect(server.port, '127.0.0.1')
    socket.write('GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 503 /)
  })
})

describe('what is told', () => {
  const view = {
    ...PLAIN_VIEW,
    file: 'a.js',
    line: 1,
    column: 7,
    frame: [{ number: 1, text: 'throw it()', mark: { start: 6, length: 2 }, isPlace: true }],
    stack: [{ call: 'f', place: 'a.js:1:7', isOwn: true }],
  }

  it('is JSON for who asks for JSON', async () => {
    await using server = await Exchangeable.serving(await pageFor(view))
    const answer = await fetch(server.url, { headers: { accept: 'application/json' } })
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await answer.json()).toEqual({
      error: {
        code: 'SUPERVISOR_APP_THREW',
        message: 'TypeError: no database',
        hint: null,
        file: 'a.js',
        line: 1,
        column: 7,
        frame: '> 1 | throw it()\n    |       ^^',
        stack: ['f (a.js:1:7)'],
        causes: [],
      },
    })
  })

  it('is text for curl', async () => {
    await using server = await Exchangeable.serving(await pageFor(view))
    const answer = await fetch(server.url, { headers: { accept: '*/*' } })
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await answer.text()).toMatch(/^app\.js threw while it started\n\nTypeError: no database\n {2}a\.js:1:7\n/)
  })

  it('is escaped, wherever it stands', async () => {
    const evil = `</style></script><script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;`
    const line = { call: evil, place: evil, isOwn: true }
    await using server = await Exchangeable.serving(
      await pageFor({
        ...view,
        summary: evil,
        title: evil,
        message: evil,
        code: evil,
        hint: evil,
        file: evil,
        frame: [{ number: 1, text: evil, mark: { start: 3, length: 20 }, isPlace: true }],
        stack: [line, { ...line, isOwn: false }],
        causes: [evil],
      }),
    )
    const html = await (await fetch(server.url, { headers: { accept: BROWSER } })).text()
    expect(html.match(/<script\b/g)).toHaveLength(1)
    expect(html.match(/<\/style>/g)).toHaveLength(1)
    expect(html).not.toMatch(/<img/)
  })

  it('is little, but well formed, where the view is missing', async () => {
    for (const given of ['', '{', 'null', '7']) {
      await using server = await Exchangeable.serving(await pageFor(given))
      expect(process.env['PREFORK_FAILURE']).toBeUndefined()
      expect(await (await fetch(server.url)).text()).toContain('The terminal tells why.')
    }
  })
})
