import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { TsMode } from '../../packages/supervisor/src/config/config.ts'
import { SupervisorError } from '../../packages/supervisor/src/errors.ts'
import { typeScriptFor, type TypeScriptSupport } from '../../packages/supervisor/src/host/app-file.ts'
import { expectOneCause, failureOf, type Failure } from '../cli/failure.ts'
import { Cli } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'

/** Whether the Node that runs these tests strips types, by itself or with an option. */
const stripsAlone = Boolean((process.features as { readonly typescript?: unknown }).typescript)
const canStrip = stripsAlone || process.allowedNodeEnvironmentFlags.has('--experimental-strip-types')
const STRIP = { kind: 'strip', nodeArgs: stripsAlone ? [] : ['--experimental-strip-types'] }

/** Puts a stand-in for tsx into the folder's dependencies. */
function install(folder: Folder): string {
  mkdirSync(join(folder.path, 'node_modules/tsx'), { recursive: true })
  folder.write('node_modules/tsx/package.json', '{ "name": "tsx", "type": "module", "exports": "./loader.mjs" }')
  return folder.write('node_modules/tsx/loader.mjs', 'globalThis.order = ["tsx"]')
}

function refusalOf(app: string, mode: TsMode): SupervisorError {
  try {
    typeScriptFor(app, mode)
  } catch (error) {
    if (error instanceof SupervisorError) return error
    throw error
  }
  throw new Error(`not refused: ${app}`)
}

describe('an app that is JavaScript', () => {
  it.each(['app.js', 'app.mjs', 'app.cjs', 'app.jsx', 'app', 'app.ts.js'])(
    'needs nothing, with tsx or without: %s',
    (name) => {
      using folder = new Folder()
      expect(typeScriptFor(join(folder.path, name), 'auto')).toEqual({ kind: 'none' })
      install(folder)
      expect(typeScriptFor(join(folder.path, name), 'auto')).toEqual({ kind: 'none' })
    },
  )

  it('is run by tsx where that is asked for: it may import TypeScript', () => {
    using folder = new Folder()
    const tsx = install(folder)
    const expected: TypeScriptSupport = { kind: 'tsx', module: pathToFileURL(tsx).href }
    expect(typeScriptFor(join(folder.path, 'app.js'), 'tsx')).toEqual(expected)
  })
})

describe('an app that is TypeScript', () => {
  it.each(['app.ts', 'app.mts', 'app.cts', 'app.tsx'])('is run by tsx where the app has it: %s', (name) => {
    using folder = new Folder()
    const module = pathToFileURL(install(folder)).href
    expect(typeScriptFor(join(folder.path, name), 'auto')).toEqual({ kind: 'tsx', module })
    expect(typeScriptFor(join(folder.path, name), 'tsx')).toEqual({ kind: 'tsx', module })
  })

  it('is run by the tsx of a folder above', () => {
    using folder = new Folder()
    const module = pathToFileURL(install(folder)).href
    expect(typeScriptFor(join(folder.path, 'packages/web/app.ts'), 'auto')).toEqual({ kind: 'tsx', module })
  })

  it('is refused where tsx is asked for and is not there', () => {
    using folder = new Folder()
    const { code, exitCode, message, hint } = refusalOf(join(folder.path, 'app.ts'), 'tsx')
    expect({ code, exitCode }).toEqual({ code: 'SUPERVISOR_TYPESCRIPT', exitCode: 4 })
    expect(message).toContain('app.ts is to be run by tsx')
    expect(hint).toContain('npm install tsx')
  })

  it.runIf(canStrip)('is stripped by Node where there is no tsx, or stripping is asked for', () => {
    using folder = new Folder()
    expect(typeScriptFor(join(folder.path, 'app.ts'), 'auto')).toEqual(STRIP)
    install(folder)
    expect(typeScriptFor(join(folder.path, 'app.ts'), 'strip')).toEqual(STRIP)
  })

  it.runIf(!canStrip).each<TsMode>(['auto', 'strip'])(
    'is refused where Node can not strip, with both ways out: %s',
    (mode) => {
      using folder = new Folder()
      const { code, message, hint } = refusalOf(join(folder.path, 'app.ts'), mode)
      expect(code).toBe('SUPERVISOR_TYPESCRIPT')
      expect(message).toContain(`app.ts is TypeScript, which Node ${process.versions.node} does not run by itself`)
      expect(hint).toMatch(/npm install tsx.*Node 22\.18/)
    },
  )

  it('that has JSX is refused without tsx on every Node', () => {
    using folder = new Folder()
    expect(refusalOf(join(folder.path, 'app.tsx'), 'auto')).toMatchObject({ code: 'SUPERVISOR_TYPESCRIPT' })
  })
})

const TYPED = `
type Order = readonly string[]
const order: Order = [...((globalThis as { order?: Order }).order ?? []), 'app']
export default (_: unknown, response: { end(text: string): void }): void => response.end(order.join(' '))
`

async function failing(files: Readonly<Record<string, string>>): Promise<Failure> {
  using folder = new Folder()
  folder.write('package.json', '{ "type": "module" }')
  for (const [name, text] of Object.entries(files)) folder.write(name, text)
  return await failureOf(['--bind', '127.0.0.1:0', 'app.ts'], { cwd: folder.path })
}

describe('the command', () => {
  it.runIf(!canStrip)('says both ways out where neither is there', async () => {
    const failure = await failing({ 'app.ts': TYPED })
    expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_TYPESCRIPT' })
    expect(failure.stderr).toMatch(/tsx.*Node 22\.18/)
  })

  it('loads the tsx of the app before it', async () => {
    using folder = new Folder()
    install(folder)
    folder.write(
      'app.mjs',
      `export default (request, response) => response.end([...globalThis.order, 'app'].join(' '))`,
    )
    const args = ['--ts', 'tsx', '--bind', '127.0.0.1:0', 'app.mjs']
    await using cli = await Cli.serving(args, { cwd: folder.path })
    expect((await ask({ port: cli.port })).body).toBe('tsx app')
  })

  it.runIf(canStrip)('runs TypeScript where Node strips types', async () => {
    using folder = new Folder()
    folder.write('package.json', '{ "type": "module" }')
    folder.write('app.ts', TYPED)
    await using cli = await Cli.serving(['--bind', '127.0.0.1:0', 'app.ts'], { cwd: folder.path })
    expect((await ask({ port: cli.port })).body).toBe('app')
  })

  it.runIf(canStrip).each([
    ['enums', { 'app.ts': 'enum Colour { Red }\nexport default () => Colour.Red' }],
    [
      'parameter properties',
      { 'app.ts': 'export class A { constructor(readonly a: number) {} }\nexport default () => {}' },
    ],
    ['imports of ./dep.js that is ./dep.ts', { 'app.ts': `import './dep.js'`, 'dep.ts': 'export {}' }],
    ['imports without an ending', { 'app.ts': `import './dep'`, 'dep.ts': 'export {}' }],
  ])('names tsx where stripping is not enough: %s', async (_what, files) => {
    const failure = await failing(files)
    expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_APP_NOT_LOADED' })
    expect(failure.stderr).toMatch(/tsx/)
  })
})
