import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { asNobody, itAsRoot } from '../harness/accounts.ts'
import { Cli, fixture, NOBODY, SUPERVISOR, type StartOptions } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { until, within } from '../harness/until.ts'
import { expectOneCause, failureOf, type Failure } from './failure.ts'

const HELLO = fixture('hello.mjs')
const IN_USE = { exitCode: 2, code: 'SUPERVISOR_PID_FILE_IN_USE' }
const REFUSED = { exitCode: 2, code: 'SUPERVISOR_PID_FILE' }

function serving(path: string, args: readonly string[] = [], options?: StartOptions): Promise<Cli> {
  return Cli.serving(['--pid-file', path, ...args, HELLO], options)
}

/** Tries to start with a pid file that is not to be had, and expects it to be as before, and nothing to be started. */
async function expectRefused(path: string, expected: typeof REFUSED, options?: StartOptions): Promise<Failure> {
  const before = existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8') : null
  const failure = await failureOf(['--pid-file', path, HELLO], options)
  expectOneCause(failure, expected)
  expect(failure.stdout).toBe('')
  expect(failure.stderr).toContain(path)
  if (before !== null) expect(readFileSync(path, 'utf8')).toBe(before)
  return failure
}

async function pidOfTheDead(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await within('the process has ended', once(child, 'exit'))
  return child.pid ?? NOBODY
}

describe('--pid-file', () => {
  it('has the number alone from before the app is loaded until the exit, and leaves nothing behind', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.pid')
    const read = `import { readFileSync } from 'node:fs'\nconst seen = readFileSync(process.argv[2], 'utf8')\n`
    const app = folder.write(
      'app.mjs',
      `${read}export default (request, response) => response.end(JSON.stringify([process.ppid, seen]))`,
    )
    await using cli = await Cli.serving(['--pid-file', path, '--bind', '127.0.0.1:0', app, '--', path])
    expect(readFileSync(path, 'utf8')).toBe(`${cli.pid}\n`)
    expect(JSON.parse((await ask({ port: cli.port })).body)).toEqual([cli.pid, `${cli.pid}\n`])
    expect(lstatSync(path).mode & 0o022).toBe(0)
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    expect(readdirSync(folder.path)).toEqual(['app.mjs'])
  })

  it('is looked up in the folder that the command is called in, not in that of the app', async () => {
    using folder = new Folder()
    mkdirSync(join(folder.path, 'release'))
    await using cli = await serving('app.pid', ['--chdir', 'release'], { cwd: folder.path })
    expect(readFileSync(join(folder.path, 'app.pid'), 'utf8')).toBe(`${cli.pid}\n`)
  })

  it('is gone too when the app could not boot, and after a stop by force', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.pid')
    await failureOf(['--pid-file', path, fixture('throw-at-import.mjs')])
    expect(readdirSync(folder.path)).toEqual([])
    await using cli = await serving(path)
    // A worker that is stopped does not answer to a drain.
    for (const pid of cli.workerPids) process.kill(pid, 'SIGSTOP')
    cli.signal('SIGTERM')
    await cli.line('stopping')
    let isOver = false
    void cli.exited.then(() => (isOver = true))
    await until('the second one is obeyed', () => isOver || (cli.process.kill('SIGTERM') && false))
    expect(await cli.exit()).toEqual({ code: 1, signal: null })
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('stays as it is in a reload, which can not change it', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.pid')
    folder.write('supervisor.config.json', `{ "pidFile": "app.pid" }`)
    await using cli = await Cli.serving([HELLO], { cwd: folder.path })
    const { ino } = statSync(path)
    cli.signal('SIGHUP')
    await cli.line('reloaded')
    folder.write('supervisor.config.json', `{ "pidFile": "other.pid" }`)
    cli.signal('SIGHUP')
    const { code, msg } = await cli.line('reload-failed')
    expect(code).toBe('SUPERVISOR_OPTION_INVALID')
    expect(msg).toContain('--pid-file other.pid: this supervisor was started with app.pid')
    expect(statSync(path).ino).toBe(ino)
    expect(readdirSync(folder.path)).toEqual(['.app.pid.lock', 'app.pid', 'supervisor.config.json'])
  })

  it('is left alone by a check', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.pid')
    await using cli = await serving(path)
    const args = ['--pid-file', path, '--check-config', HELLO]
    expect(await failureOf(args)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(readFileSync(path, 'utf8')).toBe(`${cli.pid}\n`)
  })

  it('of another process is not removed', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.pid')
    await using cli = await serving(path)
    folder.write('app.pid', '1\n')
    cli.signal('SIGTERM')
    await cli.exit()
    expect(readFileSync(path, 'utf8')).toBe('1\n')
  })
})

describe('a pid file that is there already', () => {
  it('is refused while its supervisor runs, which goes on', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.pid')
    await using cli = await serving(path)
    const failure = await expectRefused(path, IN_USE)
    expect(failure.stderr).toContain(`is that of supervisor ${cli.pid}, which runs.`)
    expect((await ask({ port: cli.port })).result).toBe('ok')
    // As long as its supervisor runs, the file may be away too.
    folder.remove('app.pid')
    await expectRefused(path, IN_USE)
  })

  it('is replaced when its supervisor was killed', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'app.pid')
    {
      await using first = await serving(path)
      first.signal('SIGKILL')
      await first.exit()
      expect(readFileSync(path, 'utf8')).toBe(`${first.pid}\n`)
    }
    await using second = await serving(path)
    expect(readFileSync(path, 'utf8')).toBe(`${second.pid}\n`)
  })

  it('is replaced when another process has got the number of one that was killed', async () => {
    using folder = new Folder()
    const path = folder.write('app.pid', `${process.pid}\n`)
    // By its start another one than this process.
    folder.write('.app.pid.lock', `${process.pid} 1\n`)
    await using cli = await serving(path)
    expect(readFileSync(path, 'utf8')).toBe(`${cli.pid}\n`)
  })

  it.each(['', '\n', 'DEAD\n', 'DEAD'])('is replaced when it has %j in it', async (text) => {
    using folder = new Folder()
    const path = folder.write('app.pid', text.replace('DEAD', String(await pidOfTheDead())))
    await using cli = await serving(path)
    expect(readFileSync(path, 'utf8')).toBe(`${cli.pid}\n`)
  })

  it('is refused when some other program that runs has written it', async () => {
    using folder = new Folder()
    const path = folder.write('app.pid', `${process.pid}\n`)
    const failure = await expectRefused(path, IN_USE)
    expect(failure.stderr).toContain(`is that of process ${process.pid} (`)
    expect(readdirSync(folder.path)).toEqual(['app.pid'])
  })

  it('is refused when it is something else', async () => {
    using folder = new Folder()
    await expectRefused(folder.write('app.mjs', 'export default 1'), REFUSED)
    await expectRefused(folder.path, REFUSED)
    await expectRefused('/dev/null', REFUSED)
    symlinkSync(folder.write('one', '1\n'), join(folder.path, 'link'))
    await expectRefused(join(folder.path, 'link'), REFUSED)
    expect(readdirSync(folder.path).toSorted()).toEqual(['app.mjs', 'link', 'one'])
  })
})

describe('a pid file that can not be written', () => {
  it('is refused where its folder is not there, or is a file', async () => {
    using folder = new Folder()
    const missing = await expectRefused(join(folder.path, 'gone/app.pid'), REFUSED)
    expect(missing.stderr).toContain('its folder is not there')
    const file = await expectRefused(join(folder.write('file', ''), 'app.pid'), REFUSED)
    expect(file.stderr).toContain('its folder is a file')
  })

  it('is refused where this user may not write', async () => {
    using folder = new Folder()
    chmodSync(folder.path, 0o555)
    const failure = await expectRefused(join(folder.path, 'app.pid'), REFUSED, { command: asNobody() })
    expect(failure.stderr).toContain('may not be written by this user')
    chmodSync(folder.path, 0o755)
  })

  itAsRoot('is refused where the disk is full', async () => {
    using folder = new Folder()
    mkdirSync(join(folder.path, 'disk'))
    const fill = 'mount -t tmpfs -o size=4k none "$0" && { head -c 4096 /dev/zero >"$0/rest"; exec "$@"; }'
    const command = ['unshare', '--mount', 'sh', '-c', fill, join(folder.path, 'disk'), process.execPath, SUPERVISOR]
    const failure = await expectRefused(join(folder.path, 'disk/app.pid'), REFUSED, { command })
    expect(failure.stderr).toContain('the disk is full')
  })
})
