import { expect, it } from 'vitest'
import { Cli, fixture, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'

it.each([
  { what: 'blocks in its main module', app: 'block-at-import.mjs', says: 'was still being loaded after' },
  { what: 'is loaded but never listens', app: 'never-listens.mjs', says: 'listened on nothing within' },
])('stops workers whose app $what, and says so', async ({ app, says }) => {
  await using cli = new Cli(['--workers', '2', '--boot-timeout', '5', '--kill-timeout', '0.5', fixture(app)])
  expect(await cli.exit()).toEqual({ code: 3, signal: null })
  expect(cli.stderr).toContain(says)
})

it('stops a replacement that never becomes ready, while the others serve', async () => {
  using folder = new Folder()
  const app = folder.write(
    'app.mjs',
    `import { existsSync, writeFileSync } from 'node:fs'
    import { createServer } from 'node:http'
    const mark = ${JSON.stringify(folder.path)} + '/' + process.env.SUPERVISOR_WORKER_INDEX
    if (existsSync(mark)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    writeFileSync(mark, '')
    createServer((_, response) => response.end(String(process.pid))).listen(0, '127.0.0.1')`,
  )
  await using cli = await Cli.serving(['--workers', '2', '--boot-timeout', '5', '--kill-timeout', '0.2', app])
  const [victim = NOBODY, survivor] = cli.workerPids
  process.kill(victim, 'SIGKILL')
  expect((await cli.line('worker-boot-failed')).msg).toContain('was still being loaded after')
  // It is blocked and can't obey: only SIGKILL ends it.
  expect(await cli.line('worker-exited', 2)).toMatchObject({ signal: 'SIGKILL', reason: 'boot-timed-out' })
  expect((await ask({ port: cli.port })).body).toBe(String(survivor))
})

it('does not mind a boot that takes its time but ends before the deadline', async () => {
  using folder = new Folder()
  const gate = `${folder.path}/gate`
  await using cli = new Cli(['--workers', '2', '--boot-timeout', '30', fixture('listen-late.mjs')], {
    env: { GATE: gate },
  })
  await cli.line('starting')
  expect(cli.events('worker-ready')).toHaveLength(0)
  folder.write('gate', '')
  await cli.line('serving')
  expect((await ask({ port: cli.port })).result).toBe('ok')
})
