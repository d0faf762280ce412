import { closeSync, existsSync, openSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'
import { Developed, untilServed, VERSION } from '../promises/saving.ts'

/** Has no room for a single byte. */
const FULL = '/dev/full'

it.skipIf(!existsSync(FULL))(
  'a log file on a full disk keeps no reload from being served, and is told once',
  async () => {
    const port = await freePort()
    using project = new Developed()
    await using cli = project.start(['--reload', '--bind', `127.0.0.1:${port}`, '--log-file', FULL, 'app.mjs'])
    await until('it serves', async () => (await ask({ port })).result === 'ok')
    for (const version of ['v1', 'v2', 'v3']) {
      project.save(version)
      await untilServed(version, { port })
    }
    await until('it is told', () => cli.stderr.includes('the disk is full'))
    expect(cli.stderr.match(/SUPERVISOR_LOG_FILE/g)).toHaveLength(1)
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
  },
)

it.skipIf(!existsSync(FULL))('nor does standard output that can not be written', async () => {
  const port = await freePort()
  const stdout = openSync(FULL, 'w')
  using project = new Developed()
  await using cli = project.start(['--reload', '--bind', `127.0.0.1:${port}`, 'app.mjs'], { stdout })
  closeSync(stdout)
  await until('it serves', async () => (await ask({ port })).result === 'ok')
  for (const version of ['v1', 'v2', 'v3']) {
    project.save(version)
    await untilServed(version, { port })
  }
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it('a save of which the disk has kept nothing is shown, and mended by the next one', async () => {
  using project = new Developed()
  await using cli = await project.develop()
  const { port } = cli
  // What editors leave that have emptied the file when they find that there is no room.
  project.write(VERSION, '')
  await until('it is shown', async () => (await ask({ port })).body.includes('version.mjs'))
  project.save('v1')
  await until('it is mended', async () => (await ask({ port })).body === 'v1')
})
