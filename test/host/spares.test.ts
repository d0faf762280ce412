import { describe, expect, it, onTestFinished } from 'vitest'
import type { Spares as SparesClass } from '../../packages/supervisor/src/host/spares.ts'
import type { EarlyWorker } from '../../packages/supervisor/src/host/early-workers.ts'
import type { HostSettings } from '../../packages/supervisor/src/host/host-settings.ts'
import type { LoadedModules, Message } from '../../packages/supervisor/src/protocol/messages.ts'
import { isAlive, NOBODY, ROOT } from '../harness/cli.ts'
import { until } from '../harness/until.ts'
import { GO } from '../worker/agent-process.ts'
import { answering, noting, Packaged } from '../worker/packages.ts'

// As it is built: beside it lies the agent that the processes start with.
const { Spares } = (await import(`${ROOT}packages/supervisor/dist/host/spares.js`)) as {
  readonly Spares: typeof SparesClass
}

const PLACE = { index: 2, generation: 5, requestLimit: null }

function settingsFor(project: Packaged, more: Partial<HostSettings> = {}): HostSettings {
  const go = { ...GO, ready: { mode: 'signal', path: null }, development: { inspect: null } } as const
  return {
    app: `${project.root}/app.mjs`,
    args: [],
    folder: project.root,
    env: {},
    nodeArgs: [],
    activatedFds: [],
    go,
    ...more,
  }
}

/** Says what the process is, by an error that carries it. */
const TELLING = `
const { SUPERVISOR_WORKER_INDEX: index, SUPERVISOR_WORKER_GENERATION: generation, OF_FILE: file } = process.env
throw new Error([globalThis.order, index, generation, file].join())`

class Taken {
  readonly messages: Message[] = []
  exit: number | null | undefined
  readonly pid: number

  constructor(worker: EarlyWorker) {
    this.pid = worker.process.pid ?? NOBODY
    worker.connect({
      onMessage: (message) => void this.messages.push(message),
      onReadySignal: () => {},
      onExit: (code) => (this.exit = code),
      onForkFailed: () => {},
    })
  }

  async said(): Promise<string> {
    const failed = await until('it has failed', () => this.messages.find((message) => message.type === 'failed'))
    return failed.type === 'failed' && 'error' in failed.failure ? failed.failure.error.message : ''
  }
}

function taken(worker: EarlyWorker | null): Taken {
  if (worker === null) throw new Error('there was no spare')
  return new Taken(worker)
}

function started(): { spares: SparesClass; troubles: string[] } {
  const troubles: string[] = []
  const spares = new Spares({ isWarm: true, onTrouble: (text) => troubles.push(text), sockets: () => [] })
  onTestFinished(() => spares.end())
  return { spares, troubles }
}

function learnt(modules: readonly string[]): LoadedModules {
  return { modules, builtins: [], env: {} }
}

describe('spares', () => {
  it('are given away with what the last generation had loaded, and learn which worker they are', async () => {
    using project = new Packaged({ 'app.mjs': TELLING, 'node_modules/a/index.js': noting('a') })
    const { spares } = started()
    const settings = settingsFor(project, { env: { OF_FILE: 'env' } })
    expect(spares.take(settings, PLACE)).toBeNull()
    spares.keep(settings, 1)
    spares.learn(learnt([project.of('a/index.js')]))
    await until('it is warm', () => spares.warm === 1)
    expect(await taken(spares.take(settings, PLACE)).said()).toBe('a,2,5,env')
    expect(spares.take(settings, PLACE)).toBeNull()
  })

  it('are not given to what they do not fit: another env file, another list of arguments', async () => {
    using project = new Packaged({ 'app.mjs': TELLING })
    const { spares } = started()
    spares.keep(settingsFor(project), 1)
    await until('it is warm', () => spares.warm === 1)
    expect(spares.take(settingsFor(project, { env: { OF_FILE: 'new' } }), PLACE)).toBeNull()
    expect(spares.take(settingsFor(project, { args: ['more'] }), PLACE)).toBeNull()
    const next = settingsFor(project, { env: { OF_FILE: 'new' } })
    spares.keep(next, 1)
    expect(await taken(spares.take(next, PLACE)).said()).toBe(',2,5,new')
  })

  it('are as many as there shall be, and end with the supervisor', async () => {
    using project = new Packaged({ 'app.mjs': TELLING })
    const { spares } = started()
    const settings = settingsFor(project)
    spares.keep(settings, 2)
    await until('both are warm', () => spares.warm === 2)
    const one = taken(spares.take(settings, PLACE))
    spares.keep(settings, 2)
    await until('there are two again', () => spares.warm === 2)
    await spares.end()
    expect(spares.warm).toBe(0)
    spares.keep(settings, 2)
    expect(spares.take(settings, PLACE)).toBeNull()
    await until('the one that was taken has ended by itself', () => one.exit === 1)
  })

  it('are made anew when one has ended, or when they are no longer right', async () => {
    using project = new Packaged({ 'app.mjs': `${noting('app')}setInterval(() => {}, 1000)`, 'pre.mjs': noting('pre') })
    const { spares, troubles } = started()
    const settings = settingsFor(project, {
      go: {
        ...settingsFor(project).go,
        preload: { requires: [], imports: [`${project.root}/pre.mjs`], hooksFile: null },
      },
    })
    spares.keep(settings, 1)
    await until('it is warm', () => spares.warm === 1)
    spares.changed([`${project.root}/other.mjs`])
    expect(spares.warm).toBe(1)
    spares.changed([`${project.root}/pre.mjs`])
    expect(spares.take(settings, PLACE)).toBeNull()
    spares.renew()
    await until('there is a new one', () => spares.warm === 1)
    const one = taken(spares.take(settings, PLACE))
    expect(isAlive(one.pid)).toBe(true)
    process.kill(one.pid, 'SIGKILL')
    await until('that is told to whom it was given', () => one.exit === null)
    expect(troubles).toEqual([])
  })

  it('go without an import that has failed', async () => {
    using project = new Packaged({
      'app.mjs': TELLING,
      'node_modules/a/index.js': noting('a'),
      'node_modules/bad/index.mjs': `throw new Error('not yet')`,
    })
    const { spares, troubles } = started()
    const settings = settingsFor(project)
    spares.learn(learnt([project.url('bad/index.mjs'), project.of('a/index.js')]))
    spares.keep(settings, 1)
    await until('it is warm', () => spares.warm === 1)
    expect(await taken(spares.take(settings, PLACE)).said()).toBe('a,2,5,')
    expect(troubles).toEqual([])
  })

  it('are given up when they keep ending, which is told once, until they are renewed', async () => {
    using project = new Packaged({
      'app.mjs': answering('1'),
      'node_modules/fatal/index.js': `require('fs').existsSync(__dirname + '/mended') || process.exit(1)`,
    })
    const { spares, troubles } = started()
    spares.learn(learnt([project.of('fatal/index.js')]))
    spares.keep(settingsFor(project), 1)
    await until('it is told', () => troubles.length > 0, 30_000)
    spares.keep(settingsFor(project), 1)
    expect(spares.take(settingsFor(project), PLACE)).toBeNull()
    project.write('node_modules/fatal/mended', '')
    spares.renew()
    await until('it is warm', () => spares.warm === 1)
    expect(troubles).toHaveLength(1)
  }, 60_000)
})
