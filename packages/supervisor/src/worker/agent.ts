/**
 * What runs in a worker before the app: `node --import agent.js app.js`. Its top-level await holds the app's main
 * module back until the supervisor says go, which the token may do already. The app's own child processes and threads
 * inherit `--import`, but not the token: in them this file does nothing.
 *
 * Each file that is loaded here takes time from every boot, and so does `import` of a module of Node, which collects all
 * that it exports: `process.getBuiltinModule` does not.
 */
import { AGENT_TOKEN } from '../protocol/names.ts'

// A thread that was started even before this has inherited the token, but has no channel to the supervisor.
const token = process.send === undefined ? undefined : process.env[AGENT_TOKEN]
delete process.env[AGENT_TOKEN]
if (token !== undefined) {
  const { Worker } = await import('./worker.ts')
  await new Worker().awaitGo(token)
}
