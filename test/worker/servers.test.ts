import { expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { AgentProcess } from './agent-process.ts'

/** With each request it makes a server, listens and closes it; it answers how many of these are still in memory. */
const APP = `
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcp } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')
let kept = 0
const registry = new FinalizationRegistry(() => kept--)
async function useOnce() {
  const server = createTcp().listen(0, '127.0.0.1')
  registry.register(server)
  kept++
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}
createServer(async (request, response) => {
  if (request.url === '/use') await useOnce()
  else gc()
  response.end(String(kept))
}).listen(0, '127.0.0.1')`

it('keeps no server in memory that the app has closed', async () => {
  using project = new Project({ 'app.mjs': APP })
  const agent = await AgentProcess.accepting(`${project.path}/app.mjs`)
  const { port } = agent
  for (let round = 0; round < 10; round++) await ask({ port, path: '/use' })
  // The last one may be kept by the engine for a while.
  await until('they have gone', async () => Number((await ask({ port, path: '/kept' })).body) <= 1)
  expect((await ask({ port })).status).toBe(200)
})
