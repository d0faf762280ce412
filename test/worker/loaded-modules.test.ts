import { describe, expect, it } from 'vitest'
import type { LoadedModules } from '../../packages/supervisor/src/protocol/messages.ts'
import { isNamed } from '../../packages/supervisor/src/worker/loaded-modules.ts'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { AgentProcess } from './agent-process.ts'
import { answering, Packaged } from './packages.ts'

async function served(project: Packaged): Promise<AgentProcess> {
  return AgentProcess.accepting(`${project.root}/app.mjs`, { development: { inspect: null } })
}

async function modulesOf(agent: AgentProcess, exclude: readonly string[] = []): Promise<LoadedModules> {
  const before = agent.all('modules').length
  agent.order({ type: 'list-modules', exclude })
  return agent.told('modules', before + 1)
}

const MIXED = {
  'app.mjs': `import './own.mjs'\nimport 'esm'\nimport 'common'\nprocess.env.MADE_BY_APP = 'yes'\n${answering(`import('lazy')`)}`,
  'own.mjs': 'export const own = 1',
  'node_modules/esm/package.json': '{ "type": "module", "exports": "./index.js" }',
  'node_modules/esm/index.js': `import './second.js'`,
  'node_modules/esm/second.js': 'export const second = 2',
  'node_modules/common/index.js': `require('./inner.js'); require('needed')`,
  'node_modules/common/inner.js': `module.exports = require('./data.json').value`,
  'node_modules/common/data.json': '{ "value": 42 }',
  'node_modules/needed/index.js': 'exports.value = 1',
  'node_modules/lazy/index.js': 'exports.value = 1',
}

describe('the modules of packages that an app has loaded', () => {
  it('are told in order, with how they were loaded: no files of the app, but JSON', async () => {
    using project = new Packaged(MIXED)
    const { modules, builtins, env } = await modulesOf(await served(project))
    const short = project.short(modules)
    expect(short.filter((name) => name.startsWith('import esm/'))).toEqual([
      'import esm/index.js',
      'import esm/second.js',
    ])
    expect(short.filter((name) => !name.startsWith('import esm/'))).toEqual([
      'common/index.js',
      'import common/index.js',
      'common/inner.js',
      'common/data.json',
      'needed/index.js',
      'import needed/index.js',
    ])
    expect(builtins).toContain('http')
    expect(env).toEqual({ MADE_BY_APP: 'yes' })
  })

  it('are those too that it has loaded since', async () => {
    using project = new Packaged(MIXED)
    const agent = await served(project)
    await ask({ port: agent.port })
    const listed = async (): Promise<string[]> => project.short((await modulesOf(agent)).modules)
    await until('the lazy one is there', async () => (await listed()).includes('import lazy/index.js'))
  })

  it('leave out what is excluded, and what requires it', async () => {
    using project = new Packaged(MIXED)
    const { modules } = await modulesOf(await served(project), ['common/data', 'esm'])
    expect(project.short(modules)).toEqual(['needed/index.js', 'import needed/index.js'])
  })

  it.each([
    ['dotenv', true],
    ['dotenv/config', true],
    ['dotenv/config.js', true],
    ['dotenv/conf', false],
    ['dot', false],
    ['config', false],
  ])('are named by package or path: %s', (name, expected) => {
    expect(isNamed('/srv/node_modules/a/node_modules/dotenv/config.js', [name])).toBe(expected)
  })
})

describe('the files that an app had read which did not boot', () => {
  it.each([
    ['throws', `import './read.mjs'\nthrow new Error('no')`],
    ['exits', `import './read.mjs'\nprocess.exit(3)`],
    ['wants what is missing', `import './read.mjs'\nawait import('./missing.mjs')`],
  ])('are told when it %s', async (_what, text) => {
    using project = new Packaged({ 'app.mjs': text, 'read.mjs': 'export const read = 1' })
    const agent = AgentProcess.waiting(`${project.root}/app.mjs`)
    agent.go({ development: { inspect: null } })
    await agent.exit()
    const files = agent.all('files').at(-1)?.files ?? []
    expect(files.toSorted()).toEqual([`${project.root}/app.mjs`, `${project.root}/read.mjs`])
  })

  it('have the one with the syntax error among them, where it is required', async () => {
    using project = new Packaged({ 'app.cjs': `require('./bad.cjs')`, 'bad.cjs': 'const x = = 1' })
    const agent = AgentProcess.waiting(`${project.root}/app.cjs`)
    agent.go({ development: { inspect: null } })
    expect((await agent.told('files')).files).toContain(`${project.root}/bad.cjs`)
    expect((await agent.told('failed')).failure.kind).toBe('not-loaded')
  })
})
