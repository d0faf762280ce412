/**
 * What runs in a worker before the app: `node --import agent.js app.js`. Its top-level await holds the app's main
 * module back until the supervisor says go, which the token may do already. The app's own child processes and threads inherit `--import`, but not the
 * token: in them this file does nothing.
 */
import { isMainThread } from 'node:worker_threads'
import { AGENT_TOKEN } from '../protocol/environment.ts'

const token = isMainThread ? process.env[AGENT_TOKEN] : undefined
delete process.env[AGENT_TOKEN]
if (token !== undefined) {
  const { Worker } = await import('./worker.ts')
  await new Worker().awaitGo(token)
}
