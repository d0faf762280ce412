import { writeSync } from 'node:fs'
import { inspect } from 'node:util'
import { SupervisorError } from '../errors.ts'
import { readArguments } from './arguments.ts'
import { load } from './load.ts'
import { ACTIVATED_FDS, ANSWER_FD, type Answer } from './reread.ts'

/*
 * The process that reads the configuration anew for a supervisor: see reread.ts. It is called with the arguments of the
 * supervisor, so that a config file which looks at them finds the same.
 */

const activatedFds = (process.env[ACTIVATED_FDS] ?? '').split(',').filter(Boolean).map(Number)
delete process.env[ACTIVATED_FDS]

writeWhole(JSON.stringify(await read().catch(refuse)))
// Whatever a config file has left running ends here.
process.exit()

async function read(): Promise<Answer> {
  const request = await readArguments(process.argv.slice(2), () => '')
  if (request.kind === 'text') throw new Error('these are not the arguments of a supervisor that runs')
  const { app, args, flags, configFile } = request
  const folder = process.cwd()
  const loaded = await load({ positionals: { app, args }, flags, configFile, env: process.env, activatedFds, folder })
  const { hooks, ...config } = loaded.config
  return { kind: 'loaded', loaded: { ...loaded, config }, hasHooks: Object.keys(hooks).length > 0 }
}

function refuse(error: unknown): Answer {
  if (!(error instanceof SupervisorError)) {
    const message = `reading the configuration anew failed: ${String(error)}.`
    return {
      kind: 'refused',
      code: 'SUPERVISOR_CONFIG_NOT_LOADED',
      message,
      hint: 'See the stack.',
      detail: inspect(error),
    }
  }
  const { code, message, hint, detail } = error
  return { kind: 'refused', code, message, hint, detail }
}

function writeWhole(text: string): void {
  const bytes = Buffer.from(text)
  for (let written = 0; written < bytes.length;) written += writeSync(ANSWER_FD, bytes, written)
}
