import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectOneCause } from './cli/failure.ts'
import { Project } from './frameworks/project.ts'
import { NOBODY } from './harness/cli.ts'
import { ask } from './harness/client.ts'
import { until } from './harness/until.ts'

const APP = `
  import { appendFileSync } from 'node:fs'
  appendFileSync('calls', JSON.stringify({ hook: 'app', pid: process.pid }) + '\\n')
  export default (request, response) => response.end('served')`

/** All hooks, each of which takes its time and tells when it begins and ends. */
const ALL_HOOKS = `
  import { appendFileSync } from 'node:fs'
  const tell = (call) => appendFileSync('calls', JSON.stringify({ ...call, pid: process.pid }) + '\\n')
  const names = ['onStarting', 'whenReady', 'preFork', 'postFork', 'workerReady', 'workerExit', 'onReload', 'onExit']
  const hooks = Object.fromEntries(names.map((hook) => [hook, async (...args) => {
    tell({ hook, args })
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    tell({ hook: hook + ' over', args })
  }]))
  export default { bind: '127.0.0.1:0', app: 'app.mjs', hooks }`

interface Call {
  readonly hook: string
  readonly pid: number
  readonly args?: readonly Readonly<Record<string, unknown>>[]
}

/** A project with these hooks, written as the inside of an object. */
function projectWith(hooks: string, more = ''): Project {
  const config = `export default { bind: '127.0.0.1:0', app: 'app.mjs', hooks: { ${hooks} }, ${more} }`
  return new Project({ 'app.mjs': APP, 'supervisor.config.mjs': config })
}

function callsIn(project: Project): Call[] {
  const lines = readFileSync(`${project.path}/calls`, 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as Call)
}

describe('hooks', () => {
  it('are called at their moments, each awaited, with what they are about', async () => {
    using project = new Project({ 'app.mjs': APP, 'supervisor.config.mjs': ALL_HOOKS })
    await using cli = await project.serving([])
    const [pid = NOBODY] = cli.workerPids
    await until('whenReady is over', () => callsIn(project).some(({ hook }) => hook === 'whenReady over'))
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })

    const calls = callsIn(project)
    const pairs = (names: readonly string[]): string[] => names.flatMap((name) => [name, `${name} over`])
    // The hooks of the supervisor wait for each other, and the fork waits for preFork.
    expect(namesOf(calls, cli.pid)).toEqual(
      pairs(['onStarting', 'preFork', 'workerReady', 'whenReady', 'workerExit', 'onExit']),
    )
    expect(namesOf(calls, pid)).toEqual([...pairs(['postFork']), 'app'])
    const order = calls.map(({ hook }) => hook)
    expect(order.indexOf('preFork over')).toBeLessThan(order.indexOf('postFork'))
    expect(order.indexOf('app')).toBeLessThan(order.indexOf('workerReady'))

    const worker = { worker: 1, index: 0, generation: 1 }
    expect(argsOf(calls, 'onStarting')).toEqual([])
    expect(argsOf(calls, 'preFork')).toEqual([worker])
    expect(argsOf(calls, 'postFork')).toEqual([{ index: 0, generation: 1 }])
    expect(argsOf(calls, 'workerReady')).toMatchObject([{ ...worker, pid }])
    expect(argsOf(calls, 'whenReady')).toEqual([])
    expect(argsOf(calls, 'workerExit')).toMatchObject({ ...worker, pid, code: 0, signal: null })
    expect(argsOf(calls, 'onExit')).toEqual([])
  })

  it('of a worker are called for each one, and for its replacement', async () => {
    using project = new Project({ 'app.mjs': APP, 'supervisor.config.mjs': ALL_HOOKS })
    await using cli = await project.serving(['--workers', '2'])
    process.kill(cli.workerPids[0] ?? NOBODY, 'SIGKILL')
    await cli.line('worker-ready', 3)
    const ready = await until('three workers have been told', () => {
      const calls = callsIn(project).filter(({ hook }) => hook === 'workerReady')
      return calls.length === 3 && calls
    })
    expect(ready.map(({ args }) => args?.[0]?.['pid'])).toEqual(cli.workerPids)
    const calls = callsIn(project)
    expect(argsOf(calls, 'workerExit')).toMatchObject({ code: null, signal: 'SIGKILL', pid: cli.workerPids[0] })
    const forked = calls.filter(({ hook }) => hook === 'preFork').map(({ args }) => args?.[0])
    expect(forked).toMatchObject([{ worker: 1 }, { worker: 2 }, { worker: 3, index: forked[2]?.['index'] }])
    expect(calls.filter(({ hook }) => hook === 'postFork')).toHaveLength(3)
    expect(calls.filter(({ hook }) => hook === 'whenReady')).toHaveLength(1)
  })

  it.each(['json', 'ts'])('that are no functions are refused: %s', async (kind) => {
    if (kind === 'ts' && !(process.features as { readonly typescript?: unknown }).typescript) return
    const object = `{ "bind": "127.0.0.1:0", "hooks": { "onExit": "rm -rf" } }`
    const config = kind === 'json' ? object : `export default ${object}`
    using project = new Project({
      'app.mjs': APP,
      [`supervisor.config.${kind}`]: config,
      'package.json': '{ "type": "module" }',
    })
    const failure = await project.failure(['app.mjs'])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' })
    expect(failure.stderr).toContain('the hook onExit must be a function, not string')
  })

  it('that nobody knows are refused by name', async () => {
    using project = projectWith('onExti() {}')
    const failure = await project.failure([])
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_UNKNOWN' })
    expect(failure.stderr).toContain('"onExti"')
    expect(failure.stderr).toContain('Did you mean onExit?')
  })
})

describe('before the first generation is ready', () => {
  const moments = ['onStarting', 'preFork', 'postFork', 'workerReady']

  it.each(moments)('%s ends the boot when it throws', async (hook) => {
    using project = projectWith(`${hook}() { throw new RangeError('not today') }`)
    const failure = await project.failure(['--workers', '2'])
    expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_PRELOAD_FAILED' })
    expect(failure.stderr).toContain(`the hook ${hook} failed: RangeError: not today.`)
    expect(failure.stderr).toMatch(/supervisor\.config\.mjs:1:\d+/)
  })

  it.each(['onStarting', 'preFork'])('%s ends the boot when it hangs', async (hook) => {
    using project = projectWith(`${hook}: () => new Promise(() => {})`)
    const failure = await project.failure(['--boot-timeout', '1'])
    expect(failure.stderr).toContain(`the hook ${hook} failed: Error: did not return within`)
    expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_PRELOAD_FAILED' })
  })

  it('postFork that hangs is a boot that hangs', async () => {
    using project = projectWith('postFork: () => new Promise(() => {})')
    await using cli = project.start(['--boot-timeout', '2'])
    expect(await cli.exit()).toEqual({ code: 3, signal: null })
    expect(cli.stderr).toMatch(/the hook postFork was not done after 2(\.\d)? s/)
  })

  it('onStarting comes before everything, and a rejection counts as an error', async () => {
    using project = projectWith(`async onStarting() { throw null }`)
    await using cli = project.start([])
    expect(await cli.exit()).toEqual({ code: 4, signal: null })
    expect(cli.stderr).toContain('the hook onStarting failed')
    expect(cli.events('worker-forked')).toEqual([])
  })

  it.each(moments)('%s ends the boot when it throws what is no error', async (hook) => {
    using project = projectWith(`async ${hook}() { throw null }`)
    const failure = await project.failure(['--workers', '2'])
    expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_PRELOAD_FAILED' })
    expect(failure.stderr).toContain(`the hook ${hook} failed: Error: threw null.`)
  })

  it.each(moments)('a stop ends it, although %s hangs', async (hook) => {
    const text = `${hook}: () => { console.log('hanging'); return new Promise(() => {}) }`
    // A stop gives a worker that boots a second, and the process behind it a moment more.
    using project = projectWith(text, 'killTimeoutMs: 200')
    await using cli = project.start([])
    await until('the hook hangs', () => cli.stdout.includes('hanging'))
    cli.signal('SIGTERM')
    expect((await cli.exit()).code, cli.stdout).toBe(0)
  })
})

describe.concurrent('once they serve', () => {
  it.each(['whenReady', 'workerExit', 'onExit'])('%s that throws is logged, and no more', async (hook) => {
    using project = projectWith(`${hook}() { throw new RangeError('not today') }`)
    await using cli = await project.serving([])
    process.kill(cli.workerPids[0] ?? NOBODY, 'SIGTERM')
    await cli.line('worker-ready', 2)
    expect((await ask({ port: cli.port })).body).toBe('served')
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    const [failed] = cli.events('hook-failed')
    expect(failed).toMatchObject({ level: 50, hook, msg: `the hook ${hook} failed: RangeError: not today` })
    expect(cli.stderr).toBe('')
  })

  it('whenReady that hangs is logged', async () => {
    using project = projectWith('whenReady: () => new Promise(() => {})')
    await using cli = await project.serving(['--boot-timeout', '5'])
    expect((await cli.line('hook-failed')).msg).toContain('did not return within 5 s')
    expect((await ask({ port: cli.port })).body).toBe('served')
  })

  it.each(["new RangeError('not today')", 'null'])('preFork that throws %s costs that fork only', async (thrown) => {
    using project = projectWith(`preFork({ worker }) { if (worker === 2) throw ${thrown} }`)
    await using cli = await project.serving([])
    process.kill(cli.workerPids[0] ?? NOBODY, 'SIGKILL')
    expect((await cli.line('worker-boot-failed')).msg).toContain('the hook preFork')
    await cli.line('worker-ready', 2)
    expect((await ask({ port: cli.port })).body).toBe('served')
  })

  it.each(['onExit', 'whenReady', 'workerExit'])('a stop ends, although %s hangs', async (hook) => {
    using project = projectWith(`${hook}: () => new Promise(() => {}), ${hook === 'onExit' ? '' : 'onExit() {},'}`)
    await using cli = await project.serving(['--kill-timeout', '0.5'])
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    if (hook === 'onExit') expect(cli.events('hook-failed')[0]?.msg).toContain('onExit failed: Error: did not return')
  })
})

function namesOf(calls: readonly Call[], pid: number): string[] {
  return calls.filter((call) => call.pid === pid).map(({ hook }) => hook)
}

/** The arguments of the first call. */
function argsOf(calls: readonly Call[], name: string): unknown {
  const args = calls.find(({ hook }) => hook === name)?.args
  return name === 'workerExit' && args !== undefined ? args[0] : args
}
