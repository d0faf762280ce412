import { describe, expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { Cli, NOBODY } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'

const PRELUDE = `
  import { worker } from '@prefork/supervisor/worker'
  import { createServer } from 'node:http'
  const tell = (word) => console.log('[' + word + ']')
`
const BIND = ['--bind', '127.0.0.1:0']

/** An app that uses what `@prefork/supervisor/worker` offers. */
function appOf(source: string): Project {
  return new Project({ 'app.mjs': PRELUDE + source }, 'supervisor')
}

/** What the app told, in order. */
function toldBy(cli: Cli): string[] {
  return [...cli.stdout.matchAll(/^\[(.*)\]$/gm)].map(([, word = '']) => word)
}

it('is harmless without a supervisor', async () => {
  using project = appOf(`
    worker.ready()
    worker.onDrain(() => tell('drain'))
    worker.onShutdown(() => tell('shutdown'))
    tell(JSON.stringify([worker.isSupervised, worker.index, worker.generation]))`)
  await using cli = new Cli([], { cwd: project.path, command: [process.execPath, 'app.mjs'] })
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(toldBy(cli)).toEqual(['[false,0,0]'])
  expect(cli.stderr).toBe('')
})

it('tells the index, which a replacement inherits, and the generation', async () => {
  using project = appOf(`
    tell([worker.isSupervised, worker.index, worker.generation])
    export default (request, response) => response.end()`)
  await using cli = await project.serving(['--workers', '2', ...BIND, 'app.mjs'])
  expect(toldBy(cli).toSorted()).toEqual(['true,0,1', 'true,1,1'])
  const [line] = cli.events('worker-ready')
  process.kill(line?.workerPid ?? NOBODY, 'SIGTERM')
  await cli.line('worker-ready', 3)
  expect(toldBy(cli).at(-1)).toBe(`true,${String(line?.['index'])},1`)
})

it('is the same in CommonJS', async () => {
  const source = `
    const { worker } = require('@prefork/supervisor/worker')
    module.exports = (request, response) => response.end(String([worker.isSupervised, worker.generation]))`
  using project = new Project({ 'app.cjs': source }, 'supervisor')
  // On Node 20 require() of an ES module is an experiment, which warns.
  const env = { NODE_OPTIONS: '--disable-warning=ExperimentalWarning' }
  await using cli = await project.serving([...BIND, 'app.cjs'], { env })
  expect((await ask({ port: cli.port })).body).toBe('true,1')
})

describe('onDrain and onShutdown', () => {
  it('are called in order: drain while requests are in flight, shutdown after the last, then exit', async () => {
    using project = appOf(`
      const turns = async () => { for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate) }
      let finish
      worker.onDrain(async (signal) => {
        tell('drain ' + signal.aborted)
        await turns()
        finish()
        tell('drained')
      })
      worker.onShutdown(async () => { tell('first'); await turns(); tell('first over') })
      worker.onShutdown(() => tell('second'))
      process.on('SIGTERM', () => { tell('SIGTERM'); process.exit(0) })
      process.on('exit', () => tell('exit'))
      export default (request, response) => {
        tell('asked')
        finish = () => response.end('answered')
        response.on('close', () => tell('answered'))
      }`)
    await using cli = await project.serving([...BIND, 'app.mjs'])
    const answer = ask({ port: cli.port })
    await until('the request has arrived', () => toldBy(cli).includes('asked'))
    cli.signal('SIGTERM')
    expect((await answer).body).toBe('answered')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    const [asked, drain, ...rest] = toldBy(cli)
    expect([asked, drain]).toEqual(['asked', 'drain false'])
    expect(rest.slice(0, 2).toSorted()).toEqual(['answered', 'drained'])
    expect(rest.slice(2)).toEqual(['first', 'first over', 'second', 'SIGTERM', 'exit'])
  })

  it('the signal aborts when the graceful timeout is over, and shutdown still comes', async () => {
    using project = appOf(`
      worker.onDrain((signal) => new Promise((resolve) => {
        const since = performance.now()
        signal.addEventListener('abort', () => { tell('aborted ' + (performance.now() - since >= 900)); resolve() })
      }))
      worker.onShutdown(() => tell('shutdown'))
      export default (request, response) => response.end()`)
    await using cli = await project.serving([...BIND, '--graceful-timeout', '1', 'app.mjs'])
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    expect(toldBy(cli)).toEqual(['aborted true', 'shutdown'])
    expect(cli.events('worker-killed')).toEqual([])
  })

  it('that hang do not keep a worker for ever', async () => {
    using project = appOf(`
      worker.onDrain(() => new Promise(() => {}))
      worker.onShutdown(() => { tell('shutdown'); return new Promise(() => {}) })
      export default (request, response) => response.end()`)
    const args = [...BIND, '--graceful-timeout', '0.2', '--kill-timeout', '0.3', 'app.mjs']
    await using cli = await project.serving(args)
    cli.signal('SIGTERM')
    expect((await cli.exit()).signal).toBeNull()
    expect(toldBy(cli)).toEqual(['shutdown'])
    expect(cli.events('worker-exited')).toMatchObject([{ signal: 'SIGKILL' }])
  })

  it('that throw are a warning, and the others are called all the same', async () => {
    using project = appOf(`
      worker.onDrain(() => { throw new Error('drain fails') })
      worker.onDrain(() => tell('drain'))
      worker.onShutdown(() => Promise.reject(new Error('shutdown fails')))
      worker.onShutdown(() => tell('shutdown'))
      export default (request, response) => response.end()`)
    await using cli = await project.serving([...BIND, 'app.mjs'])
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    expect(toldBy(cli)).toEqual(['drain', 'shutdown'])
    expect(cli.events('worker-warning')).toMatchObject([
      {
        code: 'SUPERVISOR_APP_HOOK_THREW',
        level: 40,
        msg: expect.stringContaining('onDrain of the app threw: drain fails'),
      },
      {
        code: 'SUPERVISOR_APP_HOOK_THREW',
        msg: expect.stringContaining('onShutdown of the app threw: shutdown fails'),
      },
    ])
  })

  it('are called when the supervisor has gone, too', async () => {
    using project = appOf(`
      worker.onDrain(() => tell('drain'))
      worker.onShutdown(() => tell('shutdown'))
      export default (request, response) => response.end()`)
    await using cli = await project.serving([...BIND, 'app.mjs'])
    cli.signal('SIGKILL')
    await until('the worker has told', () => toldBy(cli).length === 2)
    expect(toldBy(cli)).toEqual(['drain', 'shutdown'])
  })
})
