import { once } from 'node:events'
import { Agent } from 'node:http'
import http2 from 'node:http2'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { ask } from '../harness/client.ts'
import { until, within } from '../harness/until.ts'
import { AgentProcess } from './agent-process.ts'

const APP = 'agent-traffic.mjs'
const READY = { mode: 'listen', path: '/ready' } as const

it('a worker that is to be unready says so, and serves everything else', async () => {
  const agent = await AgentProcess.accepting(APP, { ready: READY })
  const { port } = agent
  expect(await ask({ port, path: '/ready' })).toMatchObject({ status: 200, body: 'true' })
  agent.order({ type: 'unready' })
  await until('it is not ready', async () => (await ask({ port })).body === 'false')
  expect(await ask({ port, path: '/ready' })).toMatchObject({ status: 503, body: 'shutting down' })
  expect(await ask({ port, path: '/ready?verbose=1' })).toMatchObject({ status: 503 })
  expect(await ask({ port, path: '/ready', method: 'HEAD' })).toMatchObject({ status: 503, body: '' })
  expect(await ask({ port, path: '/readiness' })).toMatchObject({ status: 200, body: 'false' })
  expect(agent.all('intake-closed')).toEqual([])
})

it('without a path for that, only the app is told', async () => {
  const agent = await AgentProcess.accepting(APP)
  agent.order({ type: 'unready' })
  await until('it is not ready', async () => (await ask({ port: agent.port })).body === 'false')
  expect((await ask({ port: agent.port, path: '/ready' })).status).toBe(200)
})

it('over HTTP/2 it is the same', async () => {
  const ready = { mode: 'signal', path: '/ready' } as const
  const agent = await AgentProcess.accepting(APP, { ready }, [], { HTTP2: '1' })
  const session = http2.connect(`http://127.0.0.1:${agent.port}`)
  onTestFinished(() => session.destroy())
  expect(await text(session.request({ ':path': '/ready' }))).toBe('true')
  agent.order({ type: 'unready' })
  await until('it is not ready', async () => (await text(session.request({ ':path': '/' }))) === 'false')
  const refused = session.request({ ':path': '/ready' })
  const [headers] = (await within('an answer', once(refused, 'response'))) as [http2.IncomingHttpHeaders]
  expect([headers[':status'], await text(refused)]).toEqual([503, 'shutting down'])
})

it('over HTTP/2 it survives who asks for the head alone, and who resets what was asked', async () => {
  const ready = { mode: 'signal', path: '/ready' } as const
  const agent = await AgentProcess.accepting(APP, { ready }, [], { HTTP2: '1' })
  const session = http2.connect(`http://127.0.0.1:${agent.port}`)
  onTestFinished(() => session.destroy())
  agent.order({ type: 'unready' })
  await until('it is not ready', async () => (await text(session.request({ ':path': '/' }))) === 'false')
  const head = session.request({ ':path': '/ready', ':method': 'HEAD' })
  const [headers] = (await within('an answer', once(head, 'response'))) as [http2.IncomingHttpHeaders]
  expect([headers[':status'], await text(head)]).toEqual([503, ''])
  const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = http2.constants
  for (const code of [NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR]) {
    const reset = session.request({ ':path': '/ready', ':method': 'POST' }).on('error', () => {})
    reset.close(code)
    await within('it is closed', new Promise((resolve) => reset.once('close', resolve)))
  }
  expect(await within('an answer', text(session.request({ ':path': '/' })))).toBe('false')
})

it('goes on to refuse in the drain that follows, on connections that are kept', async () => {
  const agent = await AgentProcess.accepting(APP, { ready: READY })
  const agents = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agents.destroy())
  expect((await ask({ port: agent.port, agent: agents })).result).toBe('ok')
  agent.order({ type: 'unready' })
  agent.order({ type: 'drain', mode: 'graceful', graceMs: 10_000 })
  await agent.told('intake-closed')
  const answer = await ask({ port: agent.port, path: '/ready', agent: agents })
  expect(answer).toMatchObject({ status: 503, isReused: true, headers: { connection: 'close' } })
  expect(await agent.exit()).toBe(0)
})
