import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ListenQuery, LoadedModules } from '../../packages/supervisor/src/protocol/messages.ts'
import { ask } from '../harness/client.ts'
import { sharedSockets } from '../harness/sockets.ts'
import { until } from '../harness/until.ts'
import { AgentProcess } from './agent-process.ts'
import { answering, noting, Packaged } from './packages.ts'

/** What `answering` listens on. */
const ADDRESS: ListenQuery = { address: '127.0.0.1', port: 0, addressType: 4, fd: null, flags: 0, index: 0 }
const NOTHING: LoadedModules = { modules: [], builtins: [], env: {} }

function warm(agent: AgentProcess, loaded: Partial<LoadedModules>, imports: readonly string[] = []): void {
  agent.order({ type: 'warm', requires: [], imports, loaded: { ...NOTHING, ...loaded } })
}

async function bodyOf(agent: AgentProcess): Promise<string> {
  return (await ask({ port: agent.port })).body
}

describe('a spare', () => {
  it('loads its app when it is told to go, and is the worker that it is told to be', async () => {
    using project = new Packaged({
      'app.mjs': answering('[process.env.SUPERVISOR_WORKER_INDEX, process.env.SUPERVISOR_WORKER_GENERATION]'),
    })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    warm(agent, {})
    await agent.told('warm')
    expect(agent.all('progress')).toEqual([])
    await agent.promoted({ place: { index: 3, generation: 7 } })
    expect(await bodyOf(agent)).toBe('3,7')
  })

  it('loads packages in the order that it is told, each once, and the app finds them', async () => {
    using project = new Packaged({
      'app.mjs': `import './node_modules/a/index.js'\nimport './node_modules/b/index.mjs'\n${noting('app')}${answering('order')}`,
      'node_modules/a/index.js': noting('a'),
      'node_modules/b/index.mjs': noting('b'),
      'node_modules/c/data.json': '{}',
    })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    const modules = [project.url('b/index.mjs'), project.of('a/index.js'), project.url('a/index.js')]
    warm(agent, { modules: [...modules, project.of('c/data.json')], builtins: ['http', 'no/such'] })
    expect(await agent.told('warm')).toEqual({ type: 'warm', failed: [], isUsable: true, files: [] })
    await agent.promoted()
    expect(await bodyOf(agent)).toBe('b,a,app')
  })

  it('leaves to the app what can not be required in advance', async () => {
    using project = new Packaged({
      'app.mjs': `globalThis.isThere = true\nawait import('./node_modules/needy/index.js')\n${answering('order')}`,
      'node_modules/needy/index.js': `if (!globalThis.isThere) throw new Error('needs more');\n${noting('needy')}`,
    })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    warm(agent, { modules: [project.of('needy/index.js'), project.url('needy/index.js'), project.of('gone.js')] })
    const failed = [project.of('needy/index.js'), project.of('gone.js')]
    expect(await agent.told('warm')).toMatchObject({ failed, isUsable: true })
    await agent.promoted()
    expect(await bodyOf(agent)).toBe('needy')
  })

  it('says that it is of no use if an import has failed, which the app would see fail again', async () => {
    using project = new Packaged({
      'app.mjs': answering('1'),
      'node_modules/needy/index.mjs': `throw new Error('needs more')`,
    })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    warm(agent, { modules: [project.url('needy/index.mjs')] })
    expect(await agent.told('warm')).toMatchObject({ failed: [project.url('needy/index.mjs')], isUsable: false })
  })

  it('outlives errors that packages throw later, which are not blamed on the app', async () => {
    using project = new Packaged({
      'app.mjs': answering(`'whole'`),
      'node_modules/late/index.js': `setTimeout(() => { throw new Error('late') }, 1); Promise.reject(new Error('too'))`,
      'node_modules/slow/index.mjs': `await new Promise((resolve) => setTimeout(resolve, 50))`,
    })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    warm(agent, { modules: [project.of('late/index.js'), project.url('slow/index.mjs')] })
    await agent.told('warm')
    await agent.promoted()
    expect(await bodyOf(agent)).toBe('whole')
    expect([...agent.all('failed'), ...agent.all('threw')]).toEqual([])
  })

  it('lets a server wait that a package starts, until it is promoted', async () => {
    using project = new Packaged({
      'app.mjs': `import './node_modules/eager/index.mjs'`,
      'node_modules/eager/index.mjs': answering(`'eager'`),
      'node_modules/slow/index.mjs': `await new Promise((resolve) => setTimeout(resolve, 50))`,
    })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    warm(agent, { modules: [project.url('eager/index.mjs'), project.url('slow/index.mjs')] })
    await agent.told('warm')
    expect(agent.all('listen')).toEqual([])
    await agent.promoted()
    expect(await bodyOf(agent)).toBe('eager')
  })

  it('shows packages the environment that the app made, and the app the one that it began with', async () => {
    using project = new Packaged({
      'app.mjs': `import './node_modules/reader/index.js'\n${answering('[seen, process.env.SHADE, process.env.TINT]')}`,
      'node_modules/reader/index.js': 'globalThis.seen = [process.env.SHADE, process.env.TINT]',
    })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`, [], { TINT: 'before' })
    warm(agent, { modules: [project.of('reader/index.js')], env: { SHADE: 'set', TINT: null } })
    await agent.told('warm')
    await agent.promoted()
    expect(await bodyOf(agent)).toBe('set,,,before')
  })

  it('goes at once, though it has not loaded everything yet', async () => {
    using project = new Packaged({
      'app.mjs': answering('[globalThis.order, process.env.SHADE]'),
      'node_modules/slow/index.mjs': `${noting('slow')}await import('node:fs').then((fs) => fs.writeFileSync(import.meta.dirname + '/begun', ''))
        await new Promise((resolve) => setTimeout(resolve, 60_000))`,
      'node_modules/next/index.js': noting('next'),
    })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    warm(agent, { modules: [project.url('slow/index.mjs'), project.of('next/index.js')], env: { SHADE: 'set' } })
    await until('it has begun', () => existsSync(project.of('slow/begun')))
    await agent.promoted()
    expect(await bodyOf(agent)).toBe('slow,')
  })

  it('can be told of more, which it loads besides', async () => {
    using project = new Packaged({
      'app.mjs': answering('order'),
      'node_modules/a/index.js': noting('a'),
      'node_modules/b/index.js': noting('b'),
    })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    warm(agent, { modules: [project.of('a/index.js')] })
    warm(agent, { modules: [project.of('a/index.js'), project.of('b/index.js')] })
    await agent.told('warm', 2)
    await agent.promoted()
    expect(await bodyOf(agent)).toBe('a,b')
  })

  it('runs what --import names before the packages, once, and tells which files came along', async () => {
    using project = new Packaged({
      'app.mjs': answering('order'),
      'instrument.mjs': noting('instrument'),
      'node_modules/a/index.js': noting('a'),
    })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    const imports = [`${project.root}/instrument.mjs`]
    warm(agent, { modules: [project.of('a/index.js')] }, imports)
    expect((await agent.told('warm')).files).toEqual(imports)
    await agent.promoted({ preload: { requires: [], imports, hooksFile: null } })
    expect(await bodyOf(agent)).toBe('instrument,a')
  })

  it('need not ask for an address of which it has been handed the socket', async () => {
    using project = new Packaged({ 'app.mjs': answering(`'served'`) })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    warm(agent, {})
    await agent.told('warm')
    await agent.bequeath(ADDRESS)
    const { port } = agent
    await agent.promoted()
    expect(agent.all('listen')).toMatchObject([{ isInherited: true, query: ADDRESS }])
    expect(agent.port).toBe(port)
    expect(await bodyOf(agent)).toBe('served')
  })

  it('asks for an address of which it has no socket, and closes those that its app does not want', async () => {
    using project = new Packaged({ 'app.mjs': answering(`'served'`) })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    warm(agent, {})
    await agent.told('warm')
    const before = sharedSockets(process.pid, agent.pid)
    await agent.bequeath({ ...ADDRESS, index: 1 })
    const [inherited = ''] = sharedSockets(process.pid, agent.pid).filter((socket) => !before.includes(socket))
    expect(inherited).toMatch(/^socket:/)
    await agent.promoted()
    expect(agent.all('listen')).toMatchObject([{ isInherited: false, query: ADDRESS }])
    expect(await bodyOf(agent)).toBe('served')
    await until('it is closed', () => !sharedSockets(process.pid, agent.pid).includes(inherited))
  })

  it('accepts at once when it is ready, if it was let before', async () => {
    using project = new Packaged({ 'app.mjs': answering(`'served'`) })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    warm(agent, {})
    await agent.told('warm')
    agent.go()
    agent.order({ type: 'accept' })
    await agent.told('accepting')
    expect(await bodyOf(agent)).toBe('served')
    const order = agent.messages.map(({ type }) => type).filter((type) => type === 'ready' || type === 'accepting')
    expect(order).toEqual(['ready', 'accepting'])
  })

  it('has no server of its own that anybody would hear of', async () => {
    using project = new Packaged({ 'app.mjs': answering(`'served'`) })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    warm(agent, {})
    await agent.told('warm')
    expect(agent.messages.map(({ type }) => type)).toEqual(['warm'])
  })

  it('tells what --import has thrown when it is promoted', async () => {
    using project = new Packaged({ 'app.mjs': answering('1'), 'bad.mjs': `throw new Error('bad instrument')` })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    const imports = [`${project.root}/bad.mjs`]
    warm(agent, {}, imports)
    expect((await agent.told('warm')).isUsable).toBe(false)
    agent.go({ preload: { requires: [], imports, hooksFile: null } })
    expect((await agent.told('failed')).failure).toMatchObject({
      kind: 'preload',
      error: { message: 'bad instrument' },
    })
  })

  it('leaves when it is told to, and when nobody is there to tell it', async () => {
    using project = new Packaged({ 'app.mjs': answering('1') })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    warm(agent, {})
    await agent.told('warm')
    agent.order({ type: 'drain', mode: 'quick', graceMs: 0 })
    expect(await agent.exit()).toBe(0)
  })
})
