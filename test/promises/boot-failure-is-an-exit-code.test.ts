import { expect, it } from 'vitest'
import { Cli, fixture, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'

it.each([
  { what: 'throws at import', source: "throw new Error('not today')", code: 3, says: 'Error: not today' },
  { what: 'exits at import', source: 'process.exit(0)', code: 3, says: 'exited with code 0' },
  { what: 'has a syntax error', source: 'const = 1', code: 4, says: 'app.mjs:1' },
  { what: 'imports a file that is missing', source: "import './gone.mjs'", code: 4, says: 'gone.mjs' },
  { what: 'imports a package that is missing', source: "import 'no-such-package'", code: 4, says: 'no-such-package' },
  { what: 'exports something else', source: 'export default 42', code: 4, says: 'a number (42)' },
  { what: 'does nothing', source: 'const nothing = 0', code: 3, says: 'without listening' },
])('ends with exit code $code and one cause when the app $what', async ({ source, code, says }) => {
  using folder = new Folder()
  await using cli = new Cli(['--workers', '4', folder.write('app.mjs', source)])
  expect(await cli.exit()).toEqual({ code, signal: null })
  expect(cli.stderr).toContain(says)
  expect(cli.stderr.match(/^supervisor: /gm)).toHaveLength(1)
  expect(cli.events('worker-boot-failed')).toHaveLength(1)
})

it('ends with exit code 4 when the file is missing', async () => {
  await using cli = new Cli(['--workers', '4', 'no-such-app.js'])
  expect(await cli.exit()).toEqual({ code: 4, signal: null })
  expect(cli.stderr).toContain('no-such-app.js')
})

it('goes on with the workers that serve when a later boot fails', async () => {
  using folder = new Folder()
  await using cli = await Cli.serving(['--workers', '2', fixture('fail-after-first.mjs')], {
    env: { MARKS: folder.path },
  })
  const [victim = NOBODY, survivor] = cli.workerPids
  process.kill(victim, 'SIGKILL')
  const failed = await cli.line('worker-boot-failed', 2)
  expect(failed.msg).toContain('broken meanwhile')
  expect(cli.liveWorkerPids).toEqual([survivor])
  expect((await ask({ port: cli.port })).body).toBe(String(survivor))
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})
