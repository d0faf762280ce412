import { chmodSync, chownSync, mkdirSync, rmdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SUPERVISOR, type Cli } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { Developed, untilServed, VERSION } from '../promises/saving.ts'

/** Nobody's user id; root may read everything, which is to be seen here. */
const NOBODY_ID = 65_534
const isRoot = process.getuid?.() === 0

/** Starts the command as a user who may not read everything. */
async function developAsUser(project: Developed): Promise<Cli> {
  const args = ['--reload', '--bind', '127.0.0.1:0', 'app.mjs']
  if (!isRoot) return project.serving(args)
  chownSync(project.path, NOBODY_ID, NOBODY_ID)
  const user = ['/usr/bin/setpriv', `--reuid=${NOBODY_ID}`, `--regid=${NOBODY_ID}`, '--clear-groups']
  return project.serving(args, { command: [...user, process.execPath, SUPERVISOR], env: { HOME: project.path } })
}

async function untilShown(cli: Cli, cause: RegExp): Promise<void> {
  await until(`${cause} is shown`, async () => {
    const { status, body } = await ask({ port: cli.port })
    return status === 503 && cause.test(body)
  })
}

async function untilMended(cli: Cli, version: string): Promise<void> {
  await until(`${version} is served`, async () => (await ask({ port: cli.port })).body === version)
}

it('what can not be read in the folder keeps nothing from being watched', async () => {
  using project = new Developed({ 'unreadable.mjs': '' })
  symlinkSync('/nowhere', join(project.path, 'dangling.mjs'))
  symlinkSync('loop.mjs', join(project.path, 'loop.mjs'))
  mkdirSync(join(project.path, 'folder.mjs'))
  mkdirSync(join(project.path, 'secret'))
  for (const name of ['unreadable.mjs', 'secret']) chmodSync(join(project.path, name), 0)
  await using cli = await developAsUser(project)
  expect((await cli.line('warning')).msg).toMatch(/can't watch the folder .*secret \(EACCES\)/)
  project.save('v1')
  await untilServed('v1', { port: cli.port })
  chmodSync(join(project.path, 'secret'), 0o755)
})

it('a file that the app imports and can not be read is shown, until it can', async () => {
  using project = new Developed()
  await using cli = await developAsUser(project)
  const file = join(project.path, VERSION)
  chmodSync(file, 0)
  await untilShown(cli, /EACCES/)
  chmodSync(file, 0o644)
  await untilMended(cli, 'v0')
  project.remove(VERSION)
  await untilShown(cli, /version\.mjs/)
  project.save('v1')
  await untilMended(cli, 'v1')
  project.remove(VERSION)
  symlinkSync('/nowhere', file)
  await untilShown(cli, /Cannot find module/)
  project.remove(VERSION)
  mkdirSync(file)
  await untilShown(cli, /ERR_UNSUPPORTED_DIR_IMPORT/)
  rmdirSync(file)
  project.save('v2')
  await untilMended(cli, 'v2')
})
