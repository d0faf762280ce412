import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { APP_USER, asNobody, isRoot, itAsRoot } from '../harness/accounts.ts'
import { Cli, fixture, liveMembers, SUPERVISOR } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { expectOneCause, failureOf, type Failure } from './failure.ts'
import { FILES, Place, selvesAt, uidsOf } from './user.ts'

const UNKNOWN = { exitCode: 2, code: 'SUPERVISOR_USER_UNKNOWN' }
const NOT_ROOT = { exitCode: 2, code: 'SUPERVISOR_NOT_ROOT' }
const INVALID = { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' }
const REFUSED = { exitCode: 3, code: 'SUPERVISOR_USER_REFUSED' }

/** An app that leaves a file if it is ever loaded. */
const MARKS = {
  'app.mjs': "import { writeFileSync } from 'node:fs'\nwriteFileSync('loaded', '')\nexport default () => {}",
}

/** Tries to start an app, which must not be loaded. */
async function refusalOf(args: readonly string[], command?: (place: Place) => readonly string[]): Promise<Failure> {
  using place = new Place(MARKS)
  // Whoever is to run the app could leave its mark.
  chmodSync(place.path, 0o777)
  const failure = await place.failure(args, command && { command: command(place) })
  expect(() => statSync(join(place.path, 'loaded'))).toThrow('ENOENT')
  expect(failure.stdout).not.toContain('listener-bound')
  return failure
}

describe('--user is refused', () => {
  it.each([
    ['a user', '--user', 'nobody-of-that-name'],
    ['a group', '--group', 'no-group-of-that-name'],
  ])('for %s that is not there', async (_, flag, name) => {
    const plain = (): string[] => [process.execPath, SUPERVISOR]
    const failure = await refusalOf([flag, name], plain)
    expectOneCause(failure, UNKNOWN)
    expect(failure.stderr).toContain(`${flag} ${name}: there is no such ${flag.slice(2)}.`)
    expect(failure.stdout).toBe('')
  })

  it('for anybody else where the supervisor is not root', async () => {
    for (const args of [
      ['--user', 'root'],
      ['--user', '0'],
      ['--group', 'root'],
    ]) {
      const failure = await refusalOf(args, () => asNobody())
      expectOneCause(failure, NOT_ROOT)
      expect(failure.stdout).toBe('')
    }
  })

  itAsRoot('for what Node itself would load as root', async () => {
    const variables = [
      { SUPERVISOR_NODE_ARGS: '--require ./x.cjs' },
      { SUPERVISOR_NODE_ARGS: '--expose-gc --import=./x.mjs' },
      // As a flag it would be read by Node itself, too.
      { SUPERVISOR_ENV_FILE: 'app.env' },
    ]
    for (const env of variables) {
      using place = new Place({ ...MARKS, 'app.env': 'NODE_OPTIONS=--import=./x.mjs\n' })
      const failure = await place.failure(['--user', APP_USER.name], { env })
      expectOneCause(failure, INVALID)
      expect(failure.stderr).toContain('as root')
    }
  })

  itAsRoot('by the system, without the app having been loaded', async () => {
    const less = (capability: string) => (place: Place) =>
      place.command(['setpriv', `--bounding-set=-${capability}`, '--', process.execPath, SUPERVISOR])
    for (const capability of ['setgid', 'setuid']) {
      const failure = await refusalOf(['--workers', '2', '--user', APP_USER.name], less(capability))
      expectOneCause(failure, REFUSED)
      expect(failure.stderr).toMatch(/could not become user prefork-app: .*EPERM/)
    }
  })

  itAsRoot('where that user may not read the app', async () => {
    using place = new Place(MARKS)
    chmodSync(join(place.path, 'app.mjs'), 0o600)
    const failure = await place.failure(['--user', APP_USER.name])
    expectOneCause(failure, REFUSED)
    expect(failure.stderr).toContain(`access '${join(place.path, 'app.mjs')}'`)
  })
})

describe('a supervisor that is not root', () => {
  it('takes the name of its own user, and changes nothing', async () => {
    using folder = new Folder()
    chmodSync(folder.path, 0o755)
    const id = String(isRoot ? 65_534 : process.getuid?.())
    const app = folder.write('app.mjs', FILES['app.mjs'])
    const env = { HOME: '/somewhere', USER: 'me', LOGNAME: 'me' }
    const args = ['--bind', '127.0.0.1:0', '--user', id, app]
    await using cli = await Cli.serving(args, { command: asNobody(), env })
    const [self] = await selvesAt({ port: cli.port })
    expect(self).toMatchObject({ uid: Number(id), home: '/somewhere', user: 'me', logname: 'me' })
    expect(cli.events('warning')).toEqual([])
  })

  it('checks the app as who it is', async () => {
    using folder = new Folder()
    chmodSync(folder.path, 0o755)
    const app = folder.write('app.mjs', 'export default (request, response) => response.end()')
    const failure = await failureOf(['--check-config', '--user', 'root', app], { command: asNobody() })
    expect(failure).toMatchObject({ exitCode: 0, stderr: '' })
  })
})

describe('workers that run as root', () => {
  const HELLO = fixture('hello.mjs')

  itAsRoot('are warned of once, with what to do', async () => {
    await using cli = await Cli.serving(['--workers', '2', HELLO])
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    expect(cli.events('warning')).toMatchObject([{ level: 40, code: 'SUPERVISOR_RUNS_AS_ROOT' }])
    expect(cli.events('warning')[0]?.msg).toContain('--user')
  })

  itAsRoot('are nothing to warn of where that was asked for, nor in development', async () => {
    for (const option of [['--user', 'root'], ['--user', '0'], ['--reload']]) {
      await using cli = await Cli.serving([...option, HELLO])
      expect(liveMembers(cli.pid).map((pid) => uidsOf(pid)[0])).toContain(0)
      expect(cli.events('warning')).toEqual([])
    }
  })
})
