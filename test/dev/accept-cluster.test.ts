import { expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'
import { versionModule, RELOAD_PATIENCE_MS } from '../promises/saving.ts'

const APP = 'app.mjs'

/** Listens before it has been loaded to the end. */
function sourceFor(port: number): string {
  return `
import { createServer } from 'node:http'
import { once } from 'node:events'
import { version } from './version.mjs'
await once(createServer((request, response) => response.end(version)).listen(${port}, '127.0.0.1'), 'listening')
await import('./rest.mjs')
`
}

const BLOCKS = `console.log('[blocks]')\nAtomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)\n`

it('with --accept cluster a client of a worker that is killed by a change is not left hanging', async () => {
  const port = await freePort()
  using project = new Project({ [APP]: sourceFor(port), 'rest.mjs': '', 'version.mjs': versionModule('v0') })
  await using cli = await project.serving(['--reload', '--accept', 'cluster', APP])
  expect((await ask({ port })).body).toBe('v0')
  for (const version of ['v1', 'v2', 'v3']) {
    const count = cli.stdout.split('[blocks]').length
    project.write('rest.mjs', BLOCKS)
    await until('the new code blocks', () => cli.stdout.split('[blocks]').length > count)
    const early = [1, 2].map(() => ask({ port, patienceMs: RELOAD_PATIENCE_MS }))
    project.write('version.mjs', versionModule(version))
    project.write('rest.mjs', '')
    await until(`${version} is served`, async () => (await ask({ port })).body === version, RELOAD_PATIENCE_MS)
    for (const { result } of await Promise.all(early)) expect(['ok', 'reset', 'refused']).toContain(result)
  }
})
