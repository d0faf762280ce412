import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RunSettings } from '../../packages/supervisor/src/cli/load.ts'
import { fixture, isAlive } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { until, within } from '../harness/until.ts'

const APP = 'export default (request, response) => response.end()\n'
const NOT_LOADED = { name: 'SupervisorError', code: 'SUPERVISOR_CONFIG_NOT_LOADED' }

/** What came of it; of a hook, what it returns. */
interface Read {
  readonly settings?: RunSettings
  readonly error?: { readonly code: string; readonly message: string; readonly detail?: string }
}

/** A process that reads a configuration again and again, in a folder with an app. */
class Reader implements Disposable {
  readonly folder = new Folder()
  readonly #process: ChildProcess
  stdout = ''
  stderr = ''

  private constructor(args: readonly string[], options: ReaderOptions) {
    this.folder.write('app.mjs', APP)
    for (const [name, text] of Object.entries(options.files ?? {})) this.folder.write(name, text)
    const cwd = options.prepare?.(this.folder.path) ?? this.folder.path
    this.#process = fork(fixture('reread.mjs'), [String(options.patienceMs ?? 15_000), options.fds ?? '', ...args], {
      cwd,
      env: { ...process.env, PORT: undefined, WEB_CONCURRENCY: undefined, PWD: cwd, ...options.env },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#process.stdout?.on('data', (chunk) => (this.stdout += chunk))
    this.#process.stderr?.on('data', (chunk) => (this.stderr += chunk))
  }

  static async start(args: readonly string[], options: ReaderOptions = {}): Promise<Reader> {
    const reader = new Reader(args, options)
    await within(`the process starts\n${reader.stderr}`, once(reader.#process, 'message'))
    return reader
  }

  async read(): Promise<Read> {
    const answer = once(this.#process, 'message') as Promise<[Read]>
    this.#process.send('read')
    const [read] = await within('the configuration is read', answer)
    return read
  }

  async settings(): Promise<RunSettings> {
    const { settings, error } = await this.read()
    if (settings === undefined) throw new Error(`refused: ${JSON.stringify(error)}\n${this.stderr}`)
    return settings
  }

  [Symbol.dispose](): void {
    this.#process.kill('SIGKILL')
    this.folder[Symbol.dispose]()
  }
}

interface ReaderOptions {
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly patienceMs?: number
  readonly fds?: string
  /** Lays out the folder, and returns the one to start in. */
  readonly prepare?: (folder: string) => string
}

const CONFIG = 'supervisor.config.mjs'

describe('a configuration that is read anew', () => {
  it('has what the file says now, and what the command line said', async () => {
    using reader = await Reader.start(['--kill-timeout', '7', 'app.mjs', '--', '--own'], {
      files: { [CONFIG]: 'export default { workers: 2, killTimeoutMs: 1, logLevel: "warn" }' },
    })
    const before = await reader.settings()
    expect(before).toMatchObject({ workers: 2, killTimeoutMs: 7000, args: ['--own'], log: { level: 'warn' } })
    reader.folder.write(CONFIG, 'export default { workers: 3, bind: ":81", logLevel: "error", maxMemory: "64M" }')
    const after = await reader.settings()
    expect(after).toMatchObject({ workers: 3, killTimeoutMs: 7000, log: { level: 'error', app: 'app.mjs' } })
    expect(after.go.bind).toEqual([{ kind: 'tcp', host: null, port: 81 }])
    expect(after.maxMemory).toBe(67_108_864)
  })

  it('has what the modules say now that the file imports', async () => {
    using reader = await Reader.start(['app.mjs'], {
      files: { [CONFIG]: 'export { default } from "./deep.mjs"', 'deep.mjs': 'export default { workers: 2 }' },
    })
    expect((await reader.settings()).workers).toBe(2)
    reader.folder.write('deep.mjs', 'export default { workers: 5 }')
    expect((await reader.settings()).workers).toBe(5)
  })

  it('has the variables of env files as they are now', async () => {
    using reader = await Reader.start(['--env-file', '.env', 'app.mjs'], { files: { '.env': 'A=1\nPORT=3000\n' } })
    const before = await reader.settings()
    expect([before.env['A'], before.go.bind]).toEqual(['1', [{ kind: 'tcp', host: '0.0.0.0', port: 3000 }]])
    reader.folder.write('.env', 'A=2\nPORT=3001\n')
    const after = await reader.settings()
    expect([after.env['A'], after.go.bind]).toEqual(['2', [{ kind: 'tcp', host: '0.0.0.0', port: 3001 }]])
  })

  it.each([
    ['supervisor.config.mjs', 'export default'],
    ['supervisor.config.cjs', 'module.exports ='],
    ['supervisor.config.js', 'module.exports ='],
  ])('has the hooks of now, in the process that runs them: %s', async (name, start) => {
    using reader = await Reader.start(['--config', name, 'app.mjs'], { files: { [name]: '' } })
    for (const value of ['one', 'two', 'three']) {
      reader.folder.write(name, `${start} { hooks: { onReload: () => '${value} ' + process.pid } }`)
      const first = await reader.settings()
      expect(first.hooks).toEqual({ onReload: expect.stringMatching(new RegExp(`^${value} `)) as unknown })
      expect((await reader.settings()).hooks).toEqual(first.hooks)
    }
    reader.folder.write(name, `${start} {}`)
    expect((await reader.settings()).hooks).toEqual({})
  })

  it('does not run the file in the process of the supervisor where there are no hooks', async () => {
    using reader = await Reader.start(['app.mjs'], {
      files: { [CONFIG]: `console.log('out'); console.error(process.ppid); export default {}` },
    })
    await reader.settings()
    expect(Number(reader.stderr)).toBeGreaterThan(1)
    expect(reader.stdout).toBe('')
  })

  it('keeps to the environment that the supervisor was started with', async () => {
    using reader = await Reader.start(['app.mjs'], {
      files: { [CONFIG]: 'process.env.SUPERVISOR_WORKERS = "9"; export default { hooks: { onExit: () => 1 } }' },
      env: { SUPERVISOR_WORKERS: '4' },
    })
    expect((await reader.settings()).workers).toBe(9)
    reader.folder.write(CONFIG, 'export default {}')
    expect((await reader.settings()).workers).toBe(4)
  })

  it('has the sockets from systemd that the start had', async () => {
    using reader = await Reader.start(['app.mjs'], { fds: '3,4', env: { LISTEN_FDS: '2', LISTEN_PID: '1' } })
    const { activatedFds, go } = await reader.settings()
    expect(activatedFds).toEqual([3, 4])
    expect([go.isActivated, go.isBindChosen]).toEqual([true, true])
    expect(go.bind).toEqual([3, 4].map((fd) => ({ kind: 'fd', fd })))
  })

  it('is found in a release that a link leads to now, and stays there', async () => {
    const release = (folder: string, version: number): void => {
      mkdirSync(join(folder, `v${version}`))
      const { write } = Folder.prototype
      write.call({ path: join(folder, `v${version}`) }, 'app.mjs', APP)
      write.call({ path: join(folder, `v${version}`) }, CONFIG, `export default { workers: ${version} }`)
      symlinkSync(`v${version}`, join(folder, 'next'))
      renameSync(join(folder, 'next'), join(folder, 'current'))
    }
    for (const isChdir of [false, true]) {
      using reader = await Reader.start(isChdir ? ['--chdir', 'current', 'app.mjs'] : ['app.mjs'], {
        prepare: (folder) => {
          release(folder, 1)
          return isChdir ? folder : join(folder, 'current')
        },
      })
      const root = realpathSync(reader.folder.path)
      for (const version of [1, 2]) {
        if (version === 2) release(reader.folder.path, 2)
        expect(await reader.settings()).toMatchObject({
          workers: version,
          folder: join(root, `v${version}`),
          app: join(root, `v${version}/app.mjs`),
        })
      }
    }
  })
})

describe('a configuration that can not be read anew', () => {
  it.each([
    ['throws', 'throw new TypeError("no such thing")', 'supervisor.config.mjs could not be loaded: TypeError: no such'],
    ['has an error of syntax', 'export default { workers: }', 'supervisor.config.mjs could not be loaded: SyntaxError'],
    ['exits', 'process.exit(7)', 'reading the configuration anew ended with code 7 before it was done.'],
    ['exits as if all were well', 'process.exit()', 'reading the configuration anew ended with code 0 before'],
    ['is killed', 'process.kill(process.pid, "SIGKILL"); await new Promise(() => {})', 'anew ended by SIGKILL before'],
    ['exports nothing', 'export const workers = 2', 'supervisor.config.mjs exports nothing as its default'],
  ])('because the file %s is refused with the cause', async (_what, text, cause) => {
    using reader = await Reader.start(['app.mjs'], { files: { [CONFIG]: 'export default { workers: 2 }' } })
    await reader.settings()
    reader.folder.write(CONFIG, text)
    const { error } = await reader.read()
    expect(error).toMatchObject(NOT_LOADED)
    expect(error?.message).toContain(cause)
    if (cause.includes('SyntaxError')) expect(error?.detail).toMatch(/supervisor\.config\.mjs:1\n/)
    // And what is right again is read again.
    reader.folder.write(CONFIG, 'export default { workers: 3 }')
    expect((await reader.settings()).workers).toBe(3)
  })

  it.each([
    ['export default { wokers: 2 }', 'SUPERVISOR_OPTION_UNKNOWN', 'there is no key "wokers" in supervisor.config.mjs.'],
    ['export default { workers: 0 }', 'SUPERVISOR_OPTION_INVALID', 'supervisor.config.mjs: workers: must be '],
    ['export default { chdir: "gone" }', 'SUPERVISOR_OPTION_INVALID', '--chdir gone: is not a folder.'],
    ['export default { envFile: "gone" }', 'SUPERVISOR_ENV_FILE', 'there is no env file gone.'],
    ['export default { logFile: "gone/app.log" }', 'SUPERVISOR_LOG_FILE', 'there is no folder '],
    ['export default { hooks: { onReload: 1 } }', 'SUPERVISOR_OPTION_INVALID', 'the hook onReload must be a function'],
  ])('because it makes no sense is refused as at a start: %s', async (text, code, message) => {
    using reader = await Reader.start(['app.mjs'], { files: { [CONFIG]: text } })
    const { error } = await reader.read()
    expect(error).toMatchObject({ name: 'SupervisorError', code })
    expect(error?.message).toContain(message)
  })

  it('because the file hangs is given up at the deadline, and nothing is left of it', async () => {
    using reader = await Reader.start(['app.mjs'], { patienceMs: 1500 })
    const pidFile = JSON.stringify(join(reader.folder.path, 'pid'))
    const text = `import { writeFileSync } from 'node:fs'\nwriteFileSync(${pidFile}, String(process.pid))\nfor (;;);`
    reader.folder.write(CONFIG, text)
    const { error } = await reader.read()
    expect(error).toMatchObject({ ...NOT_LOADED, message: 'reading the configuration anew was not done after 1.5 s.' })
    const pid = Number(readFileSync(join(reader.folder.path, 'pid'), 'utf8'))
    await until('it has gone', () => !isAlive(pid))
  })

  it('because the file that was named has gone is refused; one that was found is simply not there', async () => {
    const files = { 'a.mjs': 'export default { workers: 2 }' }
    using named = await Reader.start(['--config', 'a.mjs', 'app.mjs'], { files })
    expect((await named.settings()).workers).toBe(2)
    rmSync(join(named.folder.path, 'a.mjs'))
    expect((await named.read()).error).toMatchObject({ ...NOT_LOADED, message: 'there is no config file a.mjs.' })
  })

  it('because the app has gone is refused', async () => {
    using reader = await Reader.start(['app.mjs'])
    await reader.settings()
    rmSync(join(reader.folder.path, 'app.mjs'))
    const { error } = await reader.read()
    expect(error).toMatchObject({ code: 'SUPERVISOR_APP_NOT_FOUND', message: 'there is no file app.mjs.' })
  })

  it('because the folder has gone is refused, and works again when it is back', async () => {
    using reader = await Reader.start(['app.mjs'], {
      prepare: (folder) => {
        mkdirSync(join(folder, 'inner'))
        Folder.prototype.write.call({ path: join(folder, 'inner') }, 'app.mjs', APP)
        return join(folder, 'inner')
      },
    })
    const inner = join(reader.folder.path, 'inner')
    renameSync(inner, `${inner}-moved`)
    const { error } = await reader.read()
    expect(error).toMatchObject(NOT_LOADED)
    expect(error?.message).toContain(`the folder ${inner} is not there any more.`)
    renameSync(`${inner}-moved`, inner)
    expect((await reader.settings()).folder).toBe(realpathSync(inner))
  })
})
