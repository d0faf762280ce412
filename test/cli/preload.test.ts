import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Cli } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'
import { expectOneCause, failureOf, type Failure } from './failure.ts'

const FAILED = { exitCode: 4, code: 'SUPERVISOR_PRELOAD_FAILED' }
const APP = `
const order = [...globalThis.order ?? [], 'app']
export default (request, response) => response.end(order.join(' '))
`

/** A module that leaves its name, after a while if that is asked for. */
function leaves(name: string, kind: 'import' | 'require'): string {
  const wait = kind === 'import' ? 'await new Promise((resolve) => setTimeout(resolve, 50))\n' : ''
  return `${wait}globalThis.order = [...globalThis.order ?? [], '${name}']\n`
}

async function failing(files: Readonly<Record<string, string>>, args: readonly string[]): Promise<Failure> {
  using folder = new Folder()
  folder.write('app.mjs', `import { writeFileSync } from 'node:fs'\nwriteFileSync('was-loaded', '')\n${APP}`)
  for (const [name, text] of Object.entries(files)) folder.write(name, text)
  const failure = await failureOf(['--workers', '2', '--bind', '127.0.0.1:0', ...args, 'app.mjs'], { cwd: folder.path })
  expect(() => readFileSync(join(folder.path, 'was-loaded'))).toThrow('ENOENT')
  return failure
}

describe('--require and --import', () => {
  it.each([
    ['--import', 'hang.mjs', 'await new Promise(() => {})'],
    ['--require', 'hang.cjs', 'for (;;);'],
  ])('are named when they hang (%s)', async (flag, name, text) => {
    const failure = await failing({ [name]: text }, ['--boot-timeout', '1.5', flag, `./${name}`])
    expect(failure.stderr).toMatch(new RegExp(`${flag} \\./${name} was not done after 1\\.\\d s`))
    expectOneCause(failure, { exitCode: 3, code: 'SUPERVISOR_APP_NEVER_LOADED' })
  })

  it('run before the app, each awaited, first the former and then the latter, in order', async () => {
    using folder = new Folder()
    folder.write('app.mjs', APP)
    for (const name of ['a.mjs', 'b.mjs']) folder.write(name, leaves(name, 'import'))
    for (const name of ['c.cjs', 'd.cjs']) folder.write(name, leaves(name, 'require'))
    const imports = ['--import', './a.mjs', '--import', './b.mjs', '--require', './c.cjs', '--require', './d.cjs']
    await using cli = await Cli.serving(['--bind', '127.0.0.1:0', ...imports, 'app.mjs'], { cwd: folder.path })
    expect((await ask({ port: cli.port })).body).toBe('c.cjs d.cjs a.mjs b.mjs app')
  })

  it('find packages and files from where the app runs, --chdir included', async () => {
    using folder = new Folder()
    mkdirSync(join(folder.path, 'sub/node_modules/second'), { recursive: true })
    folder.write('sub/app.mjs', APP)
    folder.write('sub/first.mjs', leaves('first', 'import'))
    folder.write('sub/node_modules/second/package.json', '{ "exports": "./index.js" }')
    folder.write('sub/node_modules/second/index.js', leaves('second', 'require'))
    const args = [
      '--bind',
      '127.0.0.1:0',
      '--chdir',
      'sub',
      '--import',
      './first.mjs',
      '--require',
      'second',
      'app.mjs',
    ]
    await using cli = await Cli.serving(args, { cwd: folder.path })
    expect((await ask({ port: cli.port })).body).toBe('second first app')
  })

  it('--import takes what a package offers to import, and not what it offers to require', async () => {
    using folder = new Folder()
    mkdirSync(join(folder.path, 'node_modules/both'), { recursive: true })
    mkdirSync(join(folder.path, 'node_modules/modern'))
    folder.write('app.mjs', APP)
    folder.write('node_modules/both/package.json', '{ "exports": { "import": "./i.mjs", "require": "./r.cjs" } }')
    folder.write('node_modules/both/i.mjs', leaves('import', 'import'))
    folder.write('node_modules/both/r.cjs', leaves('require', 'require'))
    folder.write('node_modules/modern/package.json', '{ "exports": { "import": "./i.mjs" } }')
    folder.write('node_modules/modern/i.mjs', leaves('modern', 'import'))
    const args = ['--bind', '127.0.0.1:0', '--import', 'both', '--import', 'modern', '--require', 'both', 'app.mjs']
    await using cli = await Cli.serving(args, { cwd: folder.path })
    expect((await ask({ port: cli.port })).body).toBe('require import modern app')
    expect(cli.stderr).toBe('')
  })

  it.each([
    ['--import', './a.mjs', { 'a.mjs': `\nthrow new TypeError('no such thing')` }, /at .*a\.mjs:2:7/],
    ['--import', './a.mjs', { 'a.mjs': `\nawait 0\nthrow new TypeError('no such thing')` }, /at .*a\.mjs:3:7/],
    ['--require', './a.cjs', { 'a.cjs': `\nthrow new TypeError('no such thing')` }, /at .*a\.cjs:2:7/],
  ])('that throw end the boot with one cause, and the app is not loaded: %s %s', async (flag, name, files, place) => {
    const failure = await failing(files, [flag, name])
    expectOneCause(failure, FAILED)
    expect(failure.stderr).toContain(`supervisor: ${flag} ${name} failed: TypeError: no such thing.\n`)
    expect(failure.stderr).toMatch(place)
  })

  it.each([
    ['--import', './nowhere.mjs'],
    ['--import', 'no-such-package'],
    ['--require', './nowhere.cjs'],
    ['--require', 'no-such-package'],
  ])('that are missing end the boot with one cause: %s %s', async (flag, name) => {
    const failure = await failing({}, [flag, name])
    expectOneCause(failure, FAILED)
    expect(failure.stderr.split('\n')[0]).toMatch(`supervisor: ${flag} ${name} failed: `)
    expect(failure.stderr.split('\n')[0]).toContain(name.replace('./', ''))
  })
})
