import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { expectOneCause, failureOf, type Failure } from '../cli/failure.ts'
import { Folder } from '../harness/folder.ts'

/** Whether the Node that runs these tests strips types by itself. */
const canStrip = Boolean((process.features as { readonly typescript?: unknown }).typescript)
const NOT_LOADED = { exitCode: 2, code: 'SUPERVISOR_CONFIG_NOT_LOADED' }
const INVALID = { exitCode: 2, code: 'SUPERVISOR_OPTION_INVALID' }

/** What `--print-config` says in a folder with these files. */
async function printed(files: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<Failure> {
  using folder = new Folder()
  for (const [name, text] of Object.entries(files)) folder.write(name, text)
  return await failureOf(['--print-config', ...args], { cwd: folder.path })
}

/** Value and origin of an option, as printed. */
function rowOf({ stdout, stderr }: Failure, name: string): string | undefined {
  const row = stdout.split('\n').find((line) => line.startsWith(`${name} `))
  return stderr === '' ? row?.replace(/ +/, ' ').replaceAll(/ {2,}/g, ' ') : stderr
}

describe('a config file', () => {
  it.each([
    ['supervisor.config.js', 'export default { workers: 3 }'],
    ['supervisor.config.js', 'module.exports = { workers: 3 }'],
    ['supervisor.config.mjs', 'export default { workers: await Promise.resolve(3) }'],
    ['supervisor.config.json', '{ "$schema": "x", "workers": 3 }'],
  ])('is found by its name: %s with %s', async (name, text) => {
    const seen = await printed({ [name]: text })
    expect(rowOf(seen, 'workers')).toBe(`workers 3 ${name}`)
    expect(seen.stdout).toMatch(new RegExp(`config file: /.*/${name}\n$`))
  })

  it.runIf(canStrip)('can be TypeScript where Node strips types', async () => {
    const text = 'const workers: number = 3\nexport default { workers } satisfies { workers: number }'
    const seen = await printed({ 'supervisor.config.ts': text, 'package.json': '{ "type": "module" }' })
    expect(rowOf(seen, 'workers')).toBe('workers 3 supervisor.config.ts')
  })

  it.runIf(!canStrip)(
    'that is TypeScript is refused where Node does not strip types, and told what to do',
    async () => {
      const failure = await printed({ 'supervisor.config.ts': 'export default {}' })
      expectOneCause(failure, NOT_LOADED)
      expect(failure.stderr).toContain(`supervisor.config.ts is TypeScript, which Node ${process.versions.node}`)
      expect(failure.stderr).toMatch(/Node 22\.18 or later.*supervisor\.config\.js/)
    },
  )

  it('can be imported from others, and use defineConfig', async () => {
    const text = `import { defineConfig } from ${JSON.stringify(import.meta.resolve('@prefork/supervisor'))}
      import { workers } from './count.mjs'
      export default defineConfig({ workers })`
    const seen = await printed({ 'supervisor.config.mjs': text, 'count.mjs': 'export const workers = 3' })
    expect(rowOf(seen, 'workers')).toBe('workers 3 supervisor.config.mjs')
  })

  it('is the one that --config names, rather than one of the usual names', async () => {
    const files = { 'supervisor.config.js': 'throw 1', 'other.json': '{ "workers": 4 }' }
    expect(rowOf(await printed(files, ['--config', 'other.json']), 'workers')).toBe('workers 4 other.json')
  })

  it('that --config names has to be there', async () => {
    const failure = await printed({}, ['--config', 'nowhere.js'])
    expectOneCause(failure, NOT_LOADED)
    expect(failure.stderr).toMatch(/there is no config file nowhere\.js\.\nLooked in \//)
  })

  it('that --config names has to be a file', async () => {
    const failure = await printed({}, ['--config', '.'])
    expectOneCause(failure, NOT_LOADED)
    expect(failure.stderr).toMatch(/: \. is a directory\.\nName the config file/)
  })

  it('can say what the command line leaves out: the app and its arguments', async () => {
    const file = { app: 'app.js:api', args: ['--verbose'] }
    const seen = await printed({ 'supervisor.config.json': JSON.stringify(file) })
    expect(rowOf(seen, 'app')).toBe(`app 'app.js:api' supervisor.config.json`)
    expect(rowOf(seen, 'args')).toBe(`args [ '--verbose' ] supervisor.config.json`)
  })

  it('is looked for in --chdir', async () => {
    using folder = new Folder()
    mkdirSync(join(folder.path, 'sub'))
    folder.write('supervisor.config.json', '{ "workers": 2 }')
    folder.write('sub/supervisor.config.json', '{ "workers": 3 }')
    const seen = await failureOf(['--print-config', '--chdir', 'sub'], { cwd: folder.path })
    expect(rowOf(seen, 'workers')).toBe('workers 3 supervisor.config.json')
    expect(seen.stdout).toContain(`config file: ${folder.path}/sub/supervisor.config.json`)
  })
})

describe.concurrent('a config file that cannot be loaded', () => {
  it('because it throws is shown with its stack, and nothing of ours', async () => {
    const failure = await printed({ 'supervisor.config.mjs': `\nthrow new TypeError('no such thing')` })
    expectOneCause(failure, NOT_LOADED)
    expect(failure.stderr).toContain('supervisor.config.mjs could not be loaded: TypeError: no such thing.\n')
    expect(failure.stderr).toMatch(/at .*supervisor\.config\.mjs:2:7\n/)
    expect(failure.stderr.match(/^ +at /gm)).toHaveLength(1)
  })

  it.each([
    ['throw null', 'it threw null'],
    [`throw 'a string'`, `it threw 'a string'`],
    [`import 'no-such-package'`, `Cannot find package 'no-such-package'`],
    [`import { nothing } from 'node:fs'`, `nothing`],
  ])('is told why: %s', async (text, why) => {
    const failure = await printed({ 'supervisor.config.mjs': text })
    expectOneCause(failure, NOT_LOADED)
    expect(failure.stderr.split('\n')[0]).toContain(why)
  })

  it('because it ends the process is told so, whatever the exit code', async () => {
    const failure = await printed({ 'supervisor.config.mjs': 'process.exit(0)' })
    expectOneCause(failure, NOT_LOADED)
    expect(failure.stderr).toContain('supervisor.config.mjs called process.exit while it was being loaded.')
  })

  it('because of a syntax error is shown with line and source', async () => {
    const failure = await printed({ 'supervisor.config.mjs': 'export default {\n  workers: = 3,\n}\n' })
    expectOneCause(failure, NOT_LOADED)
    expect(failure.stderr).toMatch(/supervisor\.config\.mjs:2\n {2}workers: = 3,\n/)
  })

  it('because it is no JSON is told the line', async () => {
    const failure = await printed({ 'supervisor.config.json': '{\n  "workers": 3,\n}\n' })
    expectOneCause(failure, NOT_LOADED)
    expect(failure.stderr).toContain('supervisor.config.json:3 could not be loaded: SyntaxError: ')
  })

  it('because it waits for what never comes is given up', { timeout: 40_000 }, async () => {
    const failure = await printed({ 'supervisor.config.mjs': 'await new Promise(() => {})' })
    expectOneCause(failure, NOT_LOADED)
    expect(failure.stderr).toContain('still being loaded after 10 s')
  })

  it.each([
    ['supervisor.config.mjs', 'export default () => ({ workers: 3 })', 'a function'],
    ['supervisor.config.mjs', 'export const workers = 3', 'nothing as its default'],
    ['supervisor.config.mjs', 'export default [{ workers: 3 }]', 'an array'],
    ['supervisor.config.mjs', 'export default Promise.resolve({})', 'a promise'],
    ['supervisor.config.mjs', 'export default null', 'null'],
    ['supervisor.config.json', '[]', 'an array'],
    ['supervisor.config.json', '"4"', 'a string'],
    ['supervisor.config.json', 'null', 'null'],
  ])('because of what it exports is told what that is: %s with %s', async (name, text, found) => {
    const failure = await printed({ [name]: text })
    expectOneCause(failure, NOT_LOADED)
    expect(failure.stderr).toContain(`${name} exports ${found}; it must export an object.`)
  })
})

describe('a config file that says what makes no sense', () => {
  it('is refused by the key that does not exist, and told the nearest', async () => {
    const failure = await printed({ 'supervisor.config.json': '{ "worker": 3 }' })
    expectOneCause(failure, { exitCode: 2, code: 'SUPERVISOR_OPTION_UNKNOWN' })
    expect(failure.stderr).toContain('there is no key "worker" in supervisor.config.json.\nDid you mean workers?')
  })

  it.each([
    ['{ "workers": "3" }', 'workers: must be a whole number'],
    ['{ "bootTimeoutMs": 60 }', 'bootTimeoutMs: must be a number of milliseconds from 100 '],
    ['{ "hooks": { "onExit": "x" } }', 'the hook onExit must be a function'],
    ['{ "mode": "listen", "factory": true }', '--mode listen and --factory contradict each other'],
    ['{ "app": 3 }', 'app must be a text'],
  ])('is refused by name: %s', async (text, problem) => {
    const failure = await printed({ 'supervisor.config.json': text })
    expectOneCause(failure, INVALID)
    expect(failure.stderr).toContain(problem)
  })
})
