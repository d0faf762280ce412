import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BootFailure } from '../../packages/supervisor/src/core/failure.ts'
import { frameText } from '../../packages/supervisor/src/dev/failure-text.ts'
import { viewOf, type FailureView } from '../../packages/supervisor/src/dev/failure-view.ts'
import { ROOT } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { located } from '../../packages/supervisor/src/host/syntax-place.ts'
import { notLoaded, threw, thrownBy } from './thrown.ts'

const canStrip = Boolean((process.features as { readonly typescript?: unknown }).typescript)

/** What is shown when `name` is the app. */
async function viewFrom(folder: Folder, name: string, changed: readonly string[] = []): Promise<FailureView> {
  const file = join(folder.path, name)
  return viewOf(await located(notLoaded(thrownBy(file)), file, changed), name, folder.path)
}

function spot({ file, line, column }: FailureView): string {
  return `${file}:${line}:${column}`
}

describe('a syntax error points to its place', () => {
  it('in CommonJS', async () => {
    using folder = new Folder()
    folder.write('bad.cjs', 'const a = 1\nfunction f() {\n  return a +\n}\nmodule.exports = f\n')
    folder.write('app.cjs', `require('./bad.cjs')\n`)
    const view = await viewFrom(folder, 'app.cjs')
    expect(spot(view)).toBe('bad.cjs:4:1')
    expect(view).toMatchObject({ title: 'SyntaxError', message: `Unexpected token '}'`, hint: null })
    expect(frameText(view.frame)).toContain('> 4 | }\n    | ^\n')
  })

  it('in an ES module that is imported by another', async () => {
    using folder = new Folder()
    folder.write('bad.mjs', 'const a = 1\nexport function f() {\n  return a + ;\n}\n')
    folder.write('app.mjs', `import './bad.mjs'\n`)
    const view = await viewFrom(folder, 'app.mjs')
    expect(spot(view)).toBe('bad.mjs:3:14')
    expect(frameText(view.frame)).toBe(
      [
        '  1 | const a = 1',
        '  2 | export function f() {',
        '> 3 |   return a + ;',
        '    |              ^',
        '  4 | }',
      ].join('\n'),
    )
  })

  it('in an ES module that is imported dynamically, if it was changed last', async () => {
    using folder = new Folder()
    const bad = folder.write('bad.mjs', 'export const a = = 1\n')
    folder.write('app.mjs', `await import('./bad.mjs')\n`)
    expect((await viewFrom(folder, 'app.mjs')).file).not.toBe('bad.mjs')
    expect(spot(await viewFrom(folder, 'app.mjs', [join(folder.path, 'gone.mjs'), bad]))).toBe('bad.mjs:1:18')
  })

  it.runIf(canStrip)('in TypeScript', async () => {
    using folder = new Folder()
    folder.write('bad.ts', 'export function f(): number {\n  return 1 + ;\n}\n')
    folder.write('app.mts', `import './bad.ts'\n`)
    const view = await viewFrom(folder, 'app.mts')
    expect(spot(view)).toBe('bad.ts:2:14')
    expect(frameText(view.frame)).toContain('> 2 |   return 1 + ;\n    |              ^')
  })

  it('in what esbuild says', () => {
    using folder = new Folder()
    const file = folder.write('bad.ts', 'const a = 1\nlet b: = 2\n')
    const message = `Transform failed with 1 error:\n${file}:2:7: ERROR: Unexpected "="`
    const view = viewOf(threw({ name: 'TransformError', message, stack: `Error: ${message}` }), 'bad.ts', folder.path)
    expect(spot(view)).toBe('bad.ts:2:8')
    expect(view.message).toBe('Unexpected "="')
  })

  it('in JSON', async () => {
    using folder = new Folder()
    folder.write('data.json', '{\n  "a": 1,\n}\n')
    folder.write('app.cjs', `require('./data.json')\n`)
    const view = await viewFrom(folder, 'app.cjs')
    expect(spot(view)).toBe('data.json:3:1')
    expect(view.message).toMatch(/^Expected double-quoted/)
  })

  it('for an export that is not there', async () => {
    using folder = new Folder()
    folder.write('ok.mjs', 'export const ok = 1\n')
    folder.write('app.mjs', `import { nope } from './ok.mjs'\nnope()\n`)
    const view = await viewFrom(folder, 'app.mjs')
    expect(frameText(view.frame)).toContain(`> 1 | import { nope } from './ok.mjs'\n    |          ^^^^`)
  })
})

describe('an import that leads nowhere', () => {
  it.each([
    ['a file', `import fs from 'node:fs'\nimport x from './gone.mjs'\n`, './gone.mjs', 2],
    ['a package', `import x from 'no-such-package/part'\n`, 'no-such-package/part', 1],
  ])('to %s points to the import', async (_what, source, specifier, line) => {
    using folder = new Folder()
    folder.write('app.mjs', source)
    const view = await viewFrom(folder, 'app.mjs')
    expect(view).toMatchObject({ file: 'app.mjs', line, title: 'Error [ERR_MODULE_NOT_FOUND]' })
    const place = view.frame.find(({ isPlace }) => isPlace)
    const { start = 0, length = 0 } = place?.mark ?? {}
    expect(place?.text.slice(start, start + length)).toBe(`'${specifier}'`)
    expect(view.hint).toMatch(/dependencies are installed/)
    expect(view.message).not.toContain(folder.path)
  })

  it('from CommonJS leaves the list of requirers to the stack', async () => {
    using folder = new Folder()
    folder.write('app.cjs', `\nrequire('./gone')\n`)
    const view = await viewFrom(folder, 'app.cjs')
    expect(spot(view)).toBe('app.cjs:2:1')
    expect(view.message).toBe(`Cannot find module './gone'`)
  })
})

describe('an error of the app', () => {
  it('shows its own calls first, in the order of the stack, and none of the supervisor', async () => {
    using folder = new Folder()
    mkdirSync(join(folder.path, 'node_modules/dep'), { recursive: true })
    folder.write('node_modules/dep/index.js', 'module.exports = (f) => f()\n')
    folder.write(
      'app.mjs',
      `import call from 'dep'\nfunction start() {\n  throw new TypeError('no', { cause: new Error('inner') })\n}\ncall(start)\n`,
    )
    const view = await viewFrom(folder, 'app.mjs')
    expect(spot(view)).toBe('app.mjs:3:9')
    expect(view.causes).toEqual(['Error: inner'])
    expect(view.stack[0]).toEqual({ call: 'start', place: 'app.mjs:3:9', isOwn: true })
    const isOwn = view.stack.map((line) => line.isOwn)
    expect(isOwn).toEqual(isOwn.toSorted((a, b) => Number(b) - Number(a)))
    expect(view.stack.filter((line) => !line.isOwn).map(({ place }) => place)).toContain(
      'node_modules/dep/index.js:1:25',
    )
    const inner = `Error: x\n    at boot (${ROOT}packages/supervisor/src/worker/boot.ts:1:1)\n    at f (/srv/a.js:1:2)`
    const { stack } = viewOf(threw({ name: 'Error', message: 'x', stack: inner }), 'app.mjs', '/srv')
    expect(stack).toEqual([{ call: 'f', place: 'a.js:1:2', isOwn: true }])
  })

  it('after the boot is a crash, and one of the supervisor keeps its code', () => {
    const error = { name: 'Error', message: 'late', stack: 'Error: late' }
    expect(viewOf(error, 'app.js', '/srv')).toMatchObject({ summary: 'app.js crashed', code: 'SUPERVISOR_APP_THREW' })
    expect(viewOf({ ...error, code: 'SUPERVISOR_ENV_FILE' }, 'app.js', '/srv').code).toBe('SUPERVISOR_ENV_FILE')
  })

  it('whose message looks like a stack is not taken for one', () => {
    using folder = new Folder()
    const file = folder.write('secret.js', 'the secret\n')
    const message = `no\n    at f (${file}:1:1)`
    const view = viewOf(threw({ name: 'Error', message, stack: `Error: ${message}` }), 'app.js', folder.path)
    expect(view).toMatchObject({ file: null, frame: [], stack: [] })
  })
})

const OTHERS: readonly BootFailure[] = [
  { kind: 'not-servable', found: 'a number', hint: 'Export a handler.' },
  { kind: 'not-secured', found: 'listens by itself' },
  { kind: 'ended', step: 'loaded' },
  { kind: 'exited', code: 1, signal: null },
  { kind: 'timed-out', afterMs: 30_000, step: 'loading', detail: null },
  { kind: 'hung', silentMs: 30_000 },
  { kind: 'gave-up', afterMs: 1000, last: null },
]

describe('a failure without an error', () => {
  it.each(OTHERS.map((failure) => [failure.kind, failure] as const))('%s is told in words', (_kind, failure) => {
    const view = viewOf(failure, 'app.js', '/srv')
    expect(view).toMatchObject({ summary: 'app.js did not start', file: null, frame: [], stack: [] })
    expect(view.message).toMatch(/^(?:app\.js|[A-Z]).*\.$/)
    expect(view.hint).toMatch(/\.$/)
  })

  it('that ended patience is the last one', () => {
    const last: BootFailure = { kind: 'exited', code: 7, signal: null }
    expect(viewOf({ kind: 'gave-up', afterMs: 1000, last }, 'app.js', '/srv').message).toContain('exited with code 7')
  })
})

describe('what is not to be seen', () => {
  it('is no secret of the environment, nor the password of a URL', () => {
    const env = { STRIPE_KEY: 'sk_live_4711', DATABASE_URL: 'postgres://me:pw@db/shop', NAME: 'visible-name' }
    const message = `sk_live_4711 for visible-name at postgres://me:pw@db/shop or redis://:geheim@cache:6379/0`
    const stack = `Error: ${message}\n    at f (/srv/a.js:1:1) {\n  [cause]: Error: sk_live_4711\n      at g (/srv/b.js:1:1)\n  password: 'hunter22'\n}`
    const view = viewOf(threw({ name: 'Error', message, stack }), 'app.js', '/srv', { env })
    expect(view.message).toBe('[STRIPE_KEY] for visible-name at [DATABASE_URL] or redis://[…]@cache:6379/0')
    expect(JSON.stringify(view)).not.toMatch(/sk_live|geheim|me:pw|hunter22/)
  })

  it('is an env file, or anything else that is no source', () => {
    using folder = new Folder()
    for (const name of ['.env', '.env.js', 'id_rsa']) {
      const stack = `Error: x\n    at f (${folder.write(name, 'SECRET=1\n')}:1:1)`
      expect(viewOf(threw({ name: 'Error', message: 'x', stack }), 'app.js', folder.path).frame).toEqual([])
    }
  })

  it('is turned into what can be seen: bidi marks, control characters, halves of characters', () => {
    const message = 'a\u202eb\u001b[31mc\ud800d\te\nf\u2028g\r\nh'
    const view = viewOf(threw({ name: 'Error', message, stack: `Error: ${message}` }), 'app.js', '/srv')
    expect(view.message).toBe('a\\u202eb\\u001b[31mc\\ud800d\te\nf\\u2028g\nh')
  })

  it('is what is too long', () => {
    using folder = new Folder()
    const file = folder.write('bundle.js', `${'\u0001'.repeat(50_000)}here()${'x'.repeat(50_000)}\n`.repeat(20))
    const calls = Array.from({ length: 200 }, (_, index) => `    at ${'f'.repeat(200)}${index} (${file}:${index}:1)`)
    const message = '\u0001'.repeat(100_000)
    const stack = `Error: ${message}\n    at here (${file}:6:50001)\n${calls.join('\n')}`
    const view = viewOf(threw({ name: 'Error', message, stack }), 'app.js', folder.path)
    // It travels as an environment variable, of which Linux takes 128 KiB.
    expect(Buffer.byteLength(JSON.stringify(view))).toBeLessThan(100_000)
    const place = view.frame.find(({ isPlace }) => isPlace)
    const { start = 0, length = 0 } = place?.mark ?? {}
    expect(place?.text.slice(start, start + length)).toBe(`here`)
  })
})

describe('a frame', () => {
  it('counts lines as V8 does, and keeps the mark in place behind tabs and what is escaped', () => {
    using folder = new Folder()
    const file = folder.write('a.js', '\ufeffone\r\ntwo\u2028three\rfour\n\t/*\u202e*/ thrower()\n')
    const stack = `Error: x\n    at f (${file}:5:8)`
    const { frame } = viewOf(threw({ name: 'Error', message: 'x', stack }), 'a.js', folder.path)
    expect(frameText(frame)).toBe(
      [
        '  1 | one',
        '  2 | two',
        '  3 | three',
        '  4 | four',
        '> 5 |   /*\\u202e*/ thrower()',
        '    |              ^^^^^^^',
      ].join('\n'),
    )
  })

  it.each([
    ['that is gone', '/nowhere/a.js', 1],
    ['of another version', null, 99],
    ['that is a folder', ROOT, 1],
  ])('of a file %s is left out', (_what, path, line) => {
    using folder = new Folder()
    const file = path ?? folder.write('a.js', 'one\n')
    const stack = `Error: x\n    at f (${file}:${line}:1)`
    expect(viewOf(threw({ name: 'Error', message: 'x', stack }), 'a.js', '/srv')).toMatchObject({ frame: [], line })
  })
})
