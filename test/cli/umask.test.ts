import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Cli, type StartOptions } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'
import { expectOneCause, failureOf } from './failure.ts'

const APP = `
import { writeFileSync } from 'node:fs'
writeFileSync(\`made-by-\${process.pid}\`, '')
export default (request, response) => {
  if (request.url === '/exit') process.exit(1)
  response.end(String(process.pid))
}`

/** Runs the command in a shell that has this umask. */
function inShell(mask: string): StartOptions['command'] {
  return ['sh', '-c', `umask ${mask}; exec "$0" "$@"`, process.execPath]
}

class Place extends Folder {
  constructor() {
    super()
    this.write('app.mjs', APP)
  }

  mode(name: string): string {
    return (statSync(join(this.path, name)).mode & 0o777).toString(8)
  }
}

it('--umask holds for what the workers make, replacements too, and for the files of the supervisor', async () => {
  using place = new Place()
  const socketPath = join(place.path, 'app.sock')
  const own = ['--pid-file', 'app.pid', '--log-file', 'app.log', '--bind', `unix:${socketPath}`]
  await using cli = new Cli(['--umask', '077', ...own, 'app.mjs'], { cwd: place.path })
  const pid = await until('it serves', async () => (await ask({ socketPath })).body || null)
  await ask({ socketPath, path: '/exit' })
  const next = await until('it serves again', async () => (await ask({ socketPath })).body || null)
  expect(next).not.toBe(pid)
  const modes = ['app.pid', 'app.log', `made-by-${pid}`, `made-by-${next}`].map((name) => place.mode(name))
  expect(modes).toEqual(['600', '600', '600', '600'])
  expect(place.mode('app.sock')).toBe('700')
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it('--umask may grant what the shell would not; without it the shell has its way', async () => {
  const supervisor = join(import.meta.dirname, '../../packages/supervisor/bin/supervisor.js')
  for (const [args, mode] of [
    [['--umask', '002'], '664'],
    [[], '600'],
  ] as const) {
    using place = new Place()
    const command = [...(inShell('077') ?? []), supervisor]
    await using cli = await Cli.serving(['--bind', '127.0.0.1:0', ...args, 'app.mjs'], { cwd: place.path, command })
    expect(place.mode(`made-by-${cli.workerPids[0]}`)).toBe(mode)
  }
})

it('--umask can not be changed by a reload', async () => {
  using place = new Place()
  place.write('supervisor.config.json', '{ "umask": "027" }')
  await using cli = await Cli.serving(['--bind', '127.0.0.1:0', 'app.mjs'], { cwd: place.path })
  place.write('supervisor.config.json', '{}')
  cli.signal('SIGHUP')
  const { code, msg } = await cli.line('reload-failed')
  expect(code).toBe('SUPERVISOR_OPTION_INVALID')
  expect(msg).toContain('--umask left out: this supervisor was started with 027')
  expect((await ask({ port: cli.port })).result).toBe('ok')
})

it.each(['', '8', '0o27', '1777', 'rwx', '-1'])('--umask=%s is refused', async (mask) => {
  using place = new Place()
  const failure = await failureOf([`--umask=${mask}`, 'app.mjs'], { cwd: place.path })
  expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
  expect(failure.stderr).toContain('must be a text of octal digits, such as 027')
})
