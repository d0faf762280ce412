import { renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { failureOf } from '../cli/failure.ts'
import { Place, selvesAt } from '../cli/user.ts'
import { APP_USER, itAsRoot, OTHER_USER } from '../harness/accounts.ts'
import { Cli, SUPERVISOR } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'

/** Has somebody connect to a Unix socket. Returns what went wrong, or `ok`. */
async function connectAs(id: number, group: number, path: string): Promise<string> {
  const code = `require('net').connect(process.argv[1]).once('connect', () => process.exit(0)).once('error', (error) => { console.log(error.code); process.exit(1) })`
  const command = ['setpriv', `--reuid=${id}`, `--regid=${group}`, '--clear-groups', '--', process.execPath, '-e', code]
  const { exitCode, stdout } = await failureOf([path], { command })
  return exitCode === 0 ? 'ok' : stdout.trim()
}

describe('a Unix socket', () => {
  for (const accept of ['shared', 'cluster']) {
    itAsRoot(`belongs to who the workers are, and is open to their group by --umask (${accept})`, async () => {
      using place = new Place()
      const path = join(place.path, 'app.sock')
      const args = ['--accept', accept, '--user', APP_USER.name, '--umask', '007', '--bind', `unix:${path}`]
      await using cli = await Cli.serving([...args, 'app.mjs'], place.options())
      await until('it has its owner', () => statSync(path).uid === APP_USER.id)
      const { gid, mode } = statSync(path)
      expect({ gid, mode: (mode & 0o777).toString(8) }).toEqual({ gid: APP_USER.group, mode: '770' })
      expect(await connectAs(OTHER_USER.id, APP_USER.group, path)).toBe('ok')
      expect(await connectAs(OTHER_USER.id, OTHER_USER.group, path)).toBe('EACCES')
      await ask({ socketPath: path, path: '/exit' })
      await cli.line('worker-ready', 2)
      expect(await selvesAt({ socketPath: path })).toMatchObject([{ at: 'hook' }, { at: 'app', uid: APP_USER.id }])
    })
  }

  itAsRoot('stays root’s where the system says so, which is told', async () => {
    using place = new Place()
    const path = join(place.path, 'app.sock')
    const command = place.command(['setpriv', '--bounding-set=-chown', '--', process.execPath, SUPERVISOR])
    const args = ['--user', APP_USER.name, '--bind', `unix:${path}`, 'app.mjs']
    await using cli = await Cli.serving(args, place.options({ command }))
    expect(cli.events('warning')).toMatchObject([{ code: 'SUPERVISOR_SOCKET_OWNER' }])
    expect(statSync(path).uid).toBe(0)
    expect(await selvesAt({ socketPath: path })).toMatchObject([{ at: 'hook' }, { uid: APP_USER.id }])
  })

  itAsRoot('is not given away in the place of something else that its path has come to lead to', async () => {
    using place = new Place()
    const path = join(place.path, 'app.sock')
    await using cli = await Cli.serving(['--bind', `unix:${path}`, '--user', APP_USER.name, 'app.mjs'], place.options())
    renameSync(path, `${path}.old`)
    place.write('app.sock', 'root’s own')
    await ask({ socketPath: `${path}.old`, path: '/exit' })
    await cli.line('worker-ready', 2)
    expect(statSync(path).uid).toBe(0)
  })
})
