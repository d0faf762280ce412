import { chmodSync, mkdirSync, realpathSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { asNobody } from '../harness/accounts.ts'
import { Cli, NOBODY, type StartOptions } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { expectOneCause, failureOf } from './failure.ts'

/** An app that says what it finds around itself. */
const MIRROR = `
export default (request, response) => {
  const { argv, execArgv, env } = process
  response.end(JSON.stringify({ argv, execArgv, cwd: process.cwd(), env, gc: typeof gc }))
}
`

interface Surroundings {
  readonly argv: readonly string[]
  readonly execArgv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly gc: string
}

/** What an app finds that is started so. The address comes before other arguments, so that these can end with `--`. */
async function seen(args: readonly string[], options: StartOptions): Promise<Surroundings> {
  await using cli = await Cli.serving(['--bind', '127.0.0.1:0', ...args], options)
  const { body } = await ask({ port: cli.port })
  return JSON.parse(body) as Surroundings
}

describe('arguments behind --', () => {
  it('are those of the app, and are not looked at', async () => {
    using folder = new Folder()
    const app = folder.write('app.mjs', MIRROR)
    const own = ['--workers', '99999', '--', '-x', 'a b', '--help', '']
    const { argv } = await seen([app, '--', ...own], { cwd: folder.path })
    expect(argv).toEqual([process.execPath, realpathSync(app), ...own])
  })

  it('can come from the config file', async () => {
    using folder = new Folder()
    folder.write('app.mjs', MIRROR)
    folder.write('supervisor.config.json', JSON.stringify({ app: 'app.mjs', args: ['--verbose'] }))
    expect((await seen([], { cwd: folder.path })).argv.slice(2)).toEqual(['--verbose'])
  })
})

describe('--env-file', () => {
  it('sets what the app sees, and the environment wins', async () => {
    using folder = new Folder()
    folder.write('app.mjs', MIRROR)
    folder.write('one.env', 'ONE=1\nTWO=from one\nGIVEN=from file\nNOTHING=from file\nexport KEY="a\nb"\n')
    folder.write('two.env', 'TWO=from two\n')
    const { env } = await seen(['--env-file', 'one.env', '--env-file', 'two.env', 'app.mjs'], {
      cwd: folder.path,
      env: { GIVEN: 'from the environment', NOTHING: '' },
    })
    expect(env).toMatchObject({
      ONE: '1',
      TWO: 'from two',
      GIVEN: 'from the environment',
      NOTHING: '',
      KEY: 'a\nb',
    })
  })

  it('sets the address where it says PORT, which the app sees as well', async () => {
    using folder = new Folder()
    folder.write('app.mjs', MIRROR)
    folder.write('.env', 'PORT=0\n')
    await using cli = await Cli.serving(['--env-file', '.env', 'app.mjs'], { cwd: folder.path })
    expect(cli.address).toMatch(/^0\.0\.0\.0:\d+$/)
    expect(JSON.parse((await ask({ port: cli.port })).body)).toMatchObject({ env: { PORT: '0' } })
  })

  it('sets the number of workers where it says WEB_CONCURRENCY', async () => {
    using folder = new Folder()
    folder.write('app.mjs', MIRROR)
    folder.write('.env', 'WEB_CONCURRENCY=2\n')
    const args = ['--bind', '127.0.0.1:0', '--env-file', '.env', 'app.mjs']
    await using cli = await Cli.serving(args, { cwd: folder.path })
    expect(cli.workerPids).toHaveLength(2)
  })

  it.each([
    ['is missing', [], 'there is no env file .env.'],
    ['is malformed', ['A=1\nnonsense\n'], '.env:2 is not of the form NAME=value.'],
    ['sets what is ours', ['SUPERVISOR_WORKERS=4\n'], '.env sets SUPERVISOR_WORKERS'],
  ])('that %s is refused', async (_what, texts, problem) => {
    using folder = new Folder()
    folder.write('app.mjs', MIRROR)
    for (const text of texts) folder.write('.env', text)
    // Not by the flag: Node itself ends where a file of that flag is missing, whoever's flag it is.
    const options = { cwd: folder.path, env: { SUPERVISOR_ENV_FILE: '.env' } }
    const failure = await failureOf(['app.mjs'], options)
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_ENV_FILE' })
    expect(failure.stderr).toContain(problem)
  })
})

describe('--chdir', () => {
  it('is where the app runs, and where it, the config file and env files are looked for', async () => {
    using folder = new Folder()
    const sub = join(folder.path, 'sub')
    mkdirSync(sub)
    folder.write('sub/app.mjs', MIRROR)
    folder.write('sub/.env', 'FROM=sub\n')
    folder.write('sub/supervisor.config.json', JSON.stringify({ envFile: '.env' }))
    const { cwd, env, argv } = await seen(['--chdir', 'sub', 'app.mjs'], { cwd: folder.path })
    expect({ cwd, from: env['FROM'], app: argv[1] }).toEqual({
      cwd: realpathSync(sub),
      from: 'sub',
      app: realpathSync(join(sub, 'app.mjs')),
    })
  })

  it('in a config file starts from where that file is', async () => {
    using folder = new Folder()
    mkdirSync(join(folder.path, 'etc'))
    mkdirSync(join(folder.path, 'etc/srv'))
    folder.write('etc/srv/app.mjs', MIRROR)
    folder.write('etc/web.json', JSON.stringify({ chdir: 'srv', app: 'app.mjs' }))
    const { cwd } = await seen(['--config', 'etc/web.json'], { cwd: folder.path })
    expect(cwd).toBe(realpathSync(join(folder.path, 'etc/srv')))
  })

  it.each(['nowhere', 'app.mjs'])('that is no folder is refused: %s', async (chdir) => {
    using folder = new Folder()
    folder.write('app.mjs', MIRROR)
    const failure = await failureOf(['--chdir', chdir, 'app.mjs'], { cwd: folder.path })
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
    expect(failure.stderr).toContain(`--chdir ${chdir}: is not a folder.`)
    expect(failure.stderr).toContain(join(folder.path, chdir))
  })

  it('into a folder that this user may not look into is refused, and so is an app in there', async () => {
    using folder = new Folder()
    mkdirSync(join(folder.path, 'secret/sub'), { recursive: true })
    folder.write('secret/app.mjs', MIRROR)
    for (const name of ['', 'secret/sub', 'secret/app.mjs']) chmodSync(join(folder.path, name), 0o755)
    chmodSync(join(folder.path, 'secret'), 0)
    const command = asNobody()
    const outside = await failureOf(['--chdir', 'secret/sub', 'app.mjs'], { cwd: folder.path, command })
    expectOneCause(outside, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
    expect(outside.stderr).toContain(`${join(folder.path, 'secret/sub')} can't be looked at: EACCES`)
    for (const args of [['secret/app.mjs'], ['--chdir', 'secret', 'app.mjs']]) {
      const failure = await failureOf(args, { cwd: folder.path, command })
      expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_APP_NOT_FOUND' })
      expect(failure.stderr).toContain(`${join(folder.path, 'secret/app.mjs')} can't be looked at: EACCES`)
    }
    chmodSync(join(folder.path, 'secret'), 0o755)
  })
})

describe('--node-args', () => {
  it('are options of the Node that runs the app, several in one text or in several', async () => {
    using folder = new Folder()
    folder.write('app.mjs', MIRROR)
    const args = ['--node-args=--expose-gc --no-warnings', '--node-args=--max-old-space-size=512', 'app.mjs']
    const { gc, execArgv } = await seen(args, { cwd: folder.path })
    expect(gc).toBe('function')
    expect(execArgv).toEqual(expect.arrayContaining(['--expose-gc', '--no-warnings', '--max-old-space-size=512']))
  })

  it('that Node does not know end the boot', async () => {
    using folder = new Folder()
    folder.write('app.mjs', MIRROR)
    const { exitCode, stderr } = await failureOf(['--node-args=--no-such-option', 'app.mjs'], { cwd: folder.path })
    expect(exitCode).toBe(3)
    expect(stderr).toContain('bad option: --no-such-option')
    expect(stderr).toContain('(SUPERVISOR_APP_EXITED)')
  })
})

function titleOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
}

describe('process titles', () => {
  it('tell the supervisor, its workers and their app', async () => {
    using folder = new Folder()
    folder.write('app.mjs', MIRROR)
    const args = ['--workers', '2', '--bind', '127.0.0.1:0', 'app.mjs']
    await using cli = await Cli.serving(args, { cwd: folder.path })
    expect(titleOf(cli.pid)).toBe('supervisor [app.mjs]')
    expect(cli.workerPids.map((pid) => titleOf(pid || NOBODY))).toEqual(Array(2).fill('supervisor worker [app.mjs]'))
  })
})
