import http2 from 'node:http2'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import type { RequestInFlight } from '../../packages/supervisor/src/worker/requests.ts'
import { ask } from '../harness/client.ts'
import { until, within } from '../harness/until.ts'
import { AgentProcess } from './agent-process.ts'

const APP = 'agent-traffic.mjs'

async function inFlight(port: number): Promise<RequestInFlight[]> {
  const { body } = await ask({ port, path: '/in-flight' })
  return JSON.parse(body) as RequestInFlight[]
}

function speak(port: number, sentence: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(sentence)
  return within('an answer', text(socket))
}

it('comes at once when the worker is ready, then again and again, also in a drain', async () => {
  const agent = await AgentProcess.accepting(APP, { beatMs: 20 })
  const { requests, rss, loopDelayMs } = await agent.told('heartbeat')
  expect([requests, loopDelayMs]).toEqual([0, 0])
  expect(rss).toBeGreaterThan(10_000_000)
  const types = agent.messages.map(({ type }) => type)
  expect(types.slice(types.indexOf('ready'), types.indexOf('ready') + 2)).toEqual(['ready', 'heartbeat'])
  await agent.told('heartbeat', 5)
  const held = ask({ port: agent.port, path: '/hold' })
  await until('a request is in flight', () => agent.all('heartbeat').at(-1)?.requests === 1)
  agent.order({ type: 'drain', mode: 'graceful', graceMs: 1000 })
  await agent.told('intake-closed')
  await agent.told('heartbeat', agent.all('heartbeat').length + 5)
  expect((await held).result).toBe('reset')
  expect(await agent.exit()).toBe(0)
})

it('never comes if it is turned off', async () => {
  const agent = await AgentProcess.accepting(APP, { requestLimit: 1 })
  for (let index = 0; index < 5; index++) await ask({ port: agent.port })
  agent.order({ type: 'drain', mode: 'graceful', graceMs: 1000 })
  await agent.exit()
  expect(agent.all('heartbeat')).toEqual([])
})

it('counts requests that were aborted, upgrades and CONNECT; at the limit it comes early, once', async () => {
  const agent = await AgentProcess.accepting(APP, { beatMs: 600_000, requestLimit: 5 })
  const { port } = agent
  await ask({ port })
  await ask({ port, path: '/hold', patienceMs: 100 })
  await speak(port, 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n')
  await speak(port, 'CONNECT other:80 HTTP/1.1\r\nHost: other:80\r\n\r\n')
  expect(agent.all('heartbeat')).toHaveLength(1)
  await ask({ port })
  expect((await agent.told('heartbeat', 2)).requests).toBe(5)
  await ask({ port })
  expect(agent.all('heartbeat')).toHaveLength(2)
  expect((await inFlight(port)).map(({ path }) => path)).toEqual(['/in-flight'])
})

it('counts the streams of HTTP/2, and shows which are in flight', async () => {
  const agent = await AgentProcess.accepting(APP, { beatMs: 600_000, requestLimit: 3 }, [], { HTTP2: '1' })
  const session = http2.connect(`http://127.0.0.1:${agent.port}`)
  onTestFinished(() => session.destroy())
  const aborted = session.request({ ':path': '/hold' }).on('error', () => {})
  session.request({ ':path': '/hold', ':method': 'PUT' }).on('error', () => {})
  const answer = JSON.parse(await text(session.request({ ':path': '/in-flight' }))) as RequestInFlight[]
  expect(answer.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /hold', 'PUT /hold', 'GET /in-flight'])
  expect((await agent.told('heartbeat', 2)).requests).toBe(3)
  aborted.close(http2.constants.NGHTTP2_CANCEL)
  await until('it is in flight no longer', async () => {
    const left = JSON.parse(await text(session.request({ ':path': '/in-flight' }))) as RequestInFlight[]
    return left.length === 2
  })
})

it('does not count that the supervisor asks whether the app is ready', async () => {
  const agent = await AgentProcess.accepting(APP, { beatMs: 20, ready: { mode: 'listen', path: '/ready' } })
  await ask({ port: agent.port })
  expect((await agent.told('heartbeat', agent.all('heartbeat').length + 2)).requests).toBe(1)
})

it('tells how late the event loop was, if that is measured', async () => {
  const agent = await AgentProcess.accepting(APP, { beatMs: 400, measuresLoopDelay: true })
  await agent.told('heartbeat', 3)
  await ask({ port: agent.port, path: '/block' })
  const late = await until('a heartbeat tells of the delay', () =>
    agent.all('heartbeat').find(({ loopDelayMs }) => loopDelayMs > 20),
  )
  // The mean of several samples, or of the late one alone.
  expect(late.loopDelayMs).toBeLessThan(2000)
})

it('keeps no process alive', async () => {
  const agent = await AgentProcess.accepting(APP, { beatMs: 10, measuresLoopDelay: true })
  agent.order({ type: 'drain', mode: 'graceful', graceMs: 5000 })
  expect(await agent.exit()).toBe(0)
})
