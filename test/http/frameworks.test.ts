import { describe, expect, it } from 'vitest'
import { APPS } from '../frameworks/apps.ts'
import { Project } from '../frameworks/project.ts'
import { Exchange } from './exchange.ts'
import { Client, Secured } from './secured.ts'

const POLITE = 'GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

describe.each(Object.entries(APPS))('%s', (what, source) => {
  it.each([[[]], [['--http2']]])('is served over TLS %j', async (args) => {
    using secured = new Secured()
    using project = new Project({ 'app.mjs': source }, 'frameworks')
    const bind = ['--bind', '127.0.0.1:0', '--bind', '127.0.0.1:0']
    await using cli = await project.serving([...bind, ...secured.files, ...args, 'app.mjs'])
    const expected = `${cli.workerPids[0]} /hello`
    for (const { address } of cli.events('listener-bound')) {
      const port = Number(String(address).split(':').at(-1))
      using one = await Exchange.secure(port, { ca: secured.current.cert })
      expect(await one.send(POLITE).closed()).toContain(expected)
      if (args.length === 0 || what === 'Express') continue
      using client = new Client(port, { ca: secured.current.cert })
      expect(await client.ask({ ':path': '/hello' })).toMatchObject({ status: 200, body: expected })
    }
    expect(cli.stderr).toBe('')
    const warnings = cli.events('worker-warning').filter(({ code }) => code === 'SUPERVISOR_NO_HTTP2')
    expect(warnings).toHaveLength(what === 'Express' && args.length > 0 ? 1 : 0)
  })
})

it('an http.Server with an Express app is known for one too', async () => {
  using secured = new Secured()
  const app = `
    import express from 'express'
    import { createServer } from 'node:http'
    const app = express()
    app.get('/hello', (request, response) => response.send(request.protocol))
    export default createServer(app)`
  using project = new Project({ 'app.mjs': app }, 'frameworks')
  await using cli = await project.serving(['--bind', '127.0.0.1:0', ...secured.files, '--http2', 'app.mjs'])
  expect(await cli.line('worker-warning')).toMatchObject({ code: 'SUPERVISOR_NO_HTTP2' })
  using one = await Exchange.secure(cli.port, { ca: secured.current.cert, ALPNProtocols: ['h2', 'http/1.1'] })
  expect(one.socket.alpnProtocol).toBe('http/1.1')
  expect(await one.send(POLITE).closed()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\nhttps$/)
})
