import { expect, it } from 'vitest'
import { Cli, fixture, isAlive, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'

/** What is said of a relative of the app that listens for a moment, tells its parent, and ends. */
const ORDINARY = { said: { isListening: true, isWorker: false }, code: 0 }

for (const relative of ['child', 'thread'] as const) {
  for (const accept of ['shared', 'cluster'] as const) {
    it(`takes no ${relative} of the app for a worker: it listens, talks and ends by itself (--accept ${accept})`, async () => {
      const port = await freePort()
      const env = { APP_PORT: String(port) }
      await using cli = await Cli.serving(['--accept', accept, fixture('listen-family.mjs')], { env })
      const { body } = await ask({ port, path: `/${relative}` })
      expect(JSON.parse(body)).toEqual(ORDINARY)
      expect(cli.workerPids).toHaveLength(1)
      expect(cli.events('listener-bound').length).toBeLessThanOrEqual(1)
      expect(cli.events('worker-warning')).toEqual([])
    })
  }
}

it('replaces a killed worker at once, although its child process lives on', async () => {
  await using cli = await Cli.serving([fixture('listen-family.mjs')])
  const { body } = await ask({ port: cli.port, path: '/stay' })
  const [worker = NOBODY, child = NOBODY] = body.split(' ').map(Number)
  process.kill(worker, 'SIGKILL')
  const ready = await cli.line('worker-ready', 2)
  expect(isAlive(child)).toBe(true)
  expect((await ask({ port: cli.port })).body).toBe(String(ready.workerPid))
})

it('stops although a child process of the app lives on', async () => {
  await using cli = await Cli.serving([fixture('listen-family.mjs')])
  const { body } = await ask({ port: cli.port, path: '/stay' })
  const child = Number(body.split(' ')[1])
  cli.signal('SIGTERM')
  await cli.line('stopped')
  expect(isAlive(child)).toBe(true)
  process.kill(child, 'SIGKILL')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})
