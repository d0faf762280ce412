import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { Project } from '../frameworks/project.ts'
import { ROOT } from '../harness/cli.ts'
import { ask, failuresOf, Load, NO_FAILURES } from '../harness/client.ts'
import { until, within } from '../harness/until.ts'
import { AgentProcess } from './agent-process.ts'

const TSX = pathToFileURL(createRequire(`${ROOT}test/frameworks/package.json`).resolve('tsx')).href

const SERVES = `import { createServer } from 'node:http'
createServer((request, response) => response.end('whole')).listen(0, '127.0.0.1')`

function stripsTypes(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript)
}

async function filesOf(agent: AgentProcess, project: Project): Promise<string[]> {
  const before = agent.all('files').length
  agent.order({ type: 'list-files' })
  const { files } = await agent.told('files', before + 1)
  return files.map((file) => file.replace(`${project.path}/`, '')).toSorted()
}

describe('the files that an app has loaded', () => {
  it('are its ES modules, CommonJS files and JSON, but no packages, nor what does not exist', async () => {
    using project = new Project(
      {
        'app.mjs': `
        import { once } from 'node:events'
import { createRequire } from 'node:module'
        import { Script } from 'node:vm'
        import './constants.mjs'
        import './query.mjs?v=2'
        import json from './json-import.json' with { type: 'json' }
        import '@prefork/supervisor/worker'
        const require = createRequire(import.meta.url)
        require('./common.cjs')
        new Script('1', { filename: '/made/up.js' }).runInThisContext()
        eval('1 //# sourceURL=/made/up/too.js')
        setImmediate(() => import('./late.mjs'))
        ${SERVES}`,
        'constants.mjs': 'export const one = 1',
        'query.mjs': 'export const two = 2 //# sourceURL=elsewhere.mjs',
        'late.mjs': 'export const three = 3',
        'json-import.json': '{}',
        'common.cjs': `require('./data.json')`,
        'data.json': '{}',
        'unused.mjs': '',
      },
      'supervisor',
    )
    const agent = await AgentProcess.accepting(`${project.path}/app.mjs`, {}, [], {
      NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
    })
    const all = ['app.mjs', 'common.cjs', 'constants.mjs', 'data.json', 'json-import.json', 'late.mjs', 'query.mjs']
    await until('all are loaded', async () => (await filesOf(agent, project)).length >= all.length)
    expect(await filesOf(agent, project)).toEqual(all)
  })

  it.each([
    ['an ES module', 'app.ts', '{ "type": "module" }'],
    ['CommonJS', 'app.cts', '{}'],
  ])('are TypeScript as it was written, with tsx: %s', async (_what, name, manifest) => {
    using project = new Project({
      [name]: name.endsWith('.cts')
        ? `const { tell } = require('./module.cts') as { tell: (text: string) => string }
           require('node:http').createServer((_: unknown, response: any) => response.end(tell('whole'))).listen(0)`
        : `import { tell } from './module.ts'
           import { createServer } from 'node:http'
           createServer((_, response) => response.end(tell('whole') satisfies string)).listen(0)`,
      'module.ts': 'export const tell = (text: string): string => text',
      'module.cts': 'exports.tell = (text: string): string => text',
      'package.json': manifest,
    })
    const agent = await AgentProcess.accepting(`${project.path}/${name}`, {
      preload: { requires: [], imports: [TSX], hooksFile: null },
    })
    const files = await filesOf(agent, project)
    expect(files).toEqual(expect.arrayContaining([name, `module.${name.split('.').at(-1)}`]))
  })

  it.each([
    ['an ES module', 'app.mjs', SERVES],
    ['CommonJS', 'app.cjs', `require('node:http').createServer().listen(0, '127.0.0.1')`],
  ])('are still told of when they have gone from the disk: %s', async (_what, name, code) => {
    using project = new Project({ [name]: code })
    const agent = await AgentProcess.accepting(`${project.path}/${name}`)
    rmSync(`${project.path}/${name}`)
    expect(await filesOf(agent, project)).toEqual([name])
  })

  it('are listed while the worker serves, which prints nothing and fails no request', async () => {
    using project = new Project({ 'app.mjs': SERVES })
    const agent = await AgentProcess.accepting(`${project.path}/app.mjs`)
    const load = new Load({ port: agent.port, mode: 'keep-alive', clients: 4 })
    await until('it is under load', () => load.total > 100)
    for (let round = 0; round < 5; round++) expect(await filesOf(agent, project)).toEqual(['app.mjs'])
    expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
  })

  it('leave a debugger alone that is attached from outside', async () => {
    using project = new Project({
      'app.mjs': `import { open, url } from 'node:inspector'\nopen(0, '127.0.0.1')\n${SERVES.replace(`'whole'`, 'url()')}`,
    })
    const agent = await AgentProcess.accepting(`${project.path}/app.mjs`)
    const debuggers = new WebSocket((await ask({ port: agent.port })).body)
    onTestFinished(() => debuggers.terminate())
    const answers = new Set<unknown>()
    let parsed = 0
    debuggers.on('message', (data: Buffer) => {
      const { id, method } = JSON.parse(data.toString()) as { id?: number; method?: string }
      answers.add(id)
      if (method === 'Debugger.scriptParsed') parsed++
    })
    await within('the debugger is attached', once(debuggers, 'open'))
    const post = async (id: number, method: string, params: object = {}): Promise<void> => {
      debuggers.send(JSON.stringify({ id, method, params }))
      await until(`${method} is answered`, () => answers.has(id))
    }
    await post(1, 'Debugger.enable')
    expect(await filesOf(agent, project)).toEqual(['app.mjs'])
    const before = parsed
    await post(2, 'Runtime.evaluate', { expression: 'new Function("return 42")()' })
    await until('it is still told of scripts', () => parsed > before)
  })

  it.skipIf(!stripsTypes())('are TypeScript whose types Node strips', async () => {
    using project = new Project({
      'app.ts': `import { tell } from './module.ts'
          import { createServer } from 'node:http'
          createServer((_, response) => response.end(tell('whole') satisfies string)).listen(0)`,
      'module.ts': 'export const tell = (text: string): string => text',
      'package.json': '{ "type": "module" }',
    })
    const agent = await AgentProcess.accepting(`${project.path}/app.ts`)
    expect(await filesOf(agent, project)).toEqual(['app.ts', 'module.ts'])
  })

  it('leave a debugger alone that is attached in the process', async () => {
    using project = new Project({
      'app.mjs': `
        import { Session } from 'node:inspector'
        const session = new Session()
        session.connect()
        session.post('Debugger.enable')
        let parsed = 0
        session.on('Debugger.scriptParsed', () => parsed++)
        import { createServer } from 'node:http'
        createServer((request, response) => {
          const before = parsed
          new Function('return ' + Math.random())()
          response.end(String(parsed > before))
        }).listen(0, '127.0.0.1')`,
    })
    const agent = await AgentProcess.accepting(`${project.path}/app.mjs`)
    expect((await ask({ port: agent.port })).body).toBe('true')
    expect(await filesOf(agent, project)).toEqual(['app.mjs'])
    expect((await ask({ port: agent.port })).body).toBe('true')
  })
})
