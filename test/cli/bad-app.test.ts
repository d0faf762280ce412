import { describe, expect, it } from 'vitest'
import { expectOneCause, failureOfApp, type Failure } from './failure.ts'

function expectNotLoaded(failure: Failure): void {
  expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_APP_NOT_LOADED' })
}

function expectThrew(failure: Failure): void {
  expectOneCause(failure, { exitCode: 3, code: 'SUPERVISOR_APP_THREW' })
}

describe('an app that cannot be loaded', () => {
  it('is shown with file, line and source where a CommonJS file has a syntax error', async () => {
    const failure = await failureOfApp({ 'app.cjs': `const http = require('node:http')\nconst port = = 3000\n` })
    expectNotLoaded(failure)
    expect(failure.stderr).toMatch(/app\.cjs:2\nconst port = = 3000\n/)
  })

  it('is shown with file, line and source where an ES module has a syntax error', async () => {
    const failure = await failureOfApp({ 'app.mjs': `import http from 'node:http'\n\nconst port = = 3000\n` })
    expectNotLoaded(failure)
    expect(failure.stderr).toMatch(/app\.mjs:3\nconst port = = 3000\n/)
  })

  it('is shown with file and line of the imported module that has the syntax error', async () => {
    const failure = await failureOfApp({
      'app.mjs': `import { routes } from './routes.mjs'\nexport default () => routes\n`,
      'routes.mjs': `// Two lines\n// above.\nexport const routes = )\n`,
    })
    expectNotLoaded(failure)
    expect(failure.stderr).toMatch(/routes\.mjs:3\nexport const routes = \)\n/)
    expect(failure.stderr).toContain('app.mjs could not be loaded')
  })

  it.each([
    ['app.mjs', `import 'no-such-package'`, `Cannot find package 'no-such-package'`],
    ['app.cjs', `require('no-such-package')`, `Cannot find module 'no-such-package'`],
    ['app.mjs', `import './no-such-file.mjs'`, 'no-such-file.mjs'],
  ])('names what is missing: %s with %s', async (name, source, missing) => {
    const failure = await failureOfApp({ [name]: source })
    expectNotLoaded(failure)
    expect(failure.stderr).toContain(missing)
    expect(failure.stderr).toContain('dependencies are installed')
  })

  it('is shown with an error that is whole: no bracket is left over from lines that were taken out', async () => {
    const { stderr } = await failureOfApp({ 'app.mjs': `import 'no-such-package'` })
    expect(stderr.match(/\{/g)?.length ?? 0, stderr).toBe(stderr.match(/\}/g)?.length ?? 0)
  })

  it('names an export that an imported module does not have, with the place of the import', async () => {
    const failure = await failureOfApp({ 'app.mjs': `\nimport { creatServer } from 'node:http'\n` })
    expectNotLoaded(failure)
    expect(failure.stderr).toContain('creatServer')
    expect(failure.stderr).toContain('app.mjs:2')
  })

  it('is not told to mend its syntax when an import names something that is not exported', async () => {
    const { stderr } = await failureOfApp({ 'app.mjs': `import { creatServer } from 'node:http'` })
    expect(stderr).not.toContain('Mend the syntax')
  })
})

describe('an app that throws before it listens', () => {
  it.each([
    ['at import', `\nthrow new TypeError('the sky has fallen')`],
    ['asynchronously', `\nsetTimeout(() => { throw new TypeError('the sky has fallen') }, 10)`],
    ['as a rejection that nobody handles', `\nvoid Promise.reject(new TypeError('the sky has fallen'))`],
    ['after a top-level await', `await 0\nthrow new TypeError('the sky has fallen')`],
  ])('is shown once, with the stack that names its file: %s', async (_how, source) => {
    const failure = await failureOfApp({ 'app.mjs': `${source}\nsetInterval(() => {}, 1000)\n` })
    expectThrew(failure)
    expect(failure.stderr).toContain('app.mjs threw while it started: TypeError: the sky has fallen.\n')
    expect(failure.stderr).toMatch(/at .*app\.mjs:2:\d+/)
    // In the sentence and above the stack: once for all three workers.
    expect(failure.stderr.match(/the sky has fallen/g)).toHaveLength(2)
  })

  it('is shown with the file when CommonJS code throws', async () => {
    const failure = await failureOfApp({ 'app.cjs': `\nthrow new RangeError('too far')\n` })
    expectThrew(failure)
    expect(failure.stderr).toContain('RangeError: too far')
    expect(failure.stderr).toMatch(/at .*app\.cjs:2:\d+/)
  })

  it.each([
    [`throw 'a string'`, `'a string'`],
    ['throw null', 'null'],
    ['throw undefined', 'undefined'],
    [`throw Object.assign(new Error(), { message: { status: 500 } })`, '500'],
  ])('is understood whatever is thrown: %s', async (source, shown) => {
    const failure = await failureOfApp({ 'app.mjs': source })
    expectThrew(failure)
    expect(failure.stderr).toContain(shown)
  })

  it('blames the app for a SyntaxError of its own data, not its syntax', async () => {
    const failure = await failureOfApp({ 'app.mjs': `\nJSON.parse('{ "port": }')\n` })
    expectThrew(failure)
    expect(failure.stderr).toMatch(/at .*app\.mjs:2:\d+/)
  })
})

describe('an app that never serves', () => {
  it('is told that it exits at import', async () => {
    const failure = await failureOfApp({ 'app.mjs': 'process.exit(0)' })
    expectOneCause(failure, { exitCode: 3, code: 'SUPERVISOR_APP_EXITED' })
    expect(failure.stderr).toContain('exited with code 0')
    expect(failure.stderr).toContain('process.exit')
  })

  it.each([
    ['an ES module', 'app.mjs'],
    ['CommonJS', 'app.cjs'],
  ])('is told that it ends without listening: %s', async (_kind, name) => {
    const failure = await failureOfApp({ [name]: `console.log('done')` })
    expectOneCause(failure, { exitCode: 3, code: 'SUPERVISOR_APP_ENDED' })
    expect(failure.stderr).toContain('without listening')
  })

  it('is ended at the boot timeout when it goes on without listening', async () => {
    // Long enough to be loaded on any machine.
    const failure = await failureOfApp({ 'app.mjs': 'setInterval(() => {}, 1000)' }, ['--boot-timeout', '4'])
    expectOneCause(failure, { exitCode: 3, code: 'SUPERVISOR_APP_NEVER_LISTENED' })
    expect(failure.stderr).toMatch(/within 4(\.\d)? s/)
  })

  it('is told of a top-level await that nothing can settle', async () => {
    const failure = await failureOfApp({ 'app.mjs': 'await new Promise(() => {})' })
    expectOneCause(failure, { exitCode: 3, code: 'SUPERVISOR_APP_ENDED' })
    expect(failure.stderr).toContain('top-level await')
  })

  it('is told of a factory that nothing can settle', async () => {
    const source = 'export default () => new Promise(() => {})'
    const failure = await failureOfApp({ 'app.mjs': source }, ['--factory'])
    expectOneCause(failure, { exitCode: 3, code: 'SUPERVISOR_APP_ENDED' })
    expect(failure.stderr).toContain('in its factory')
  })

  it('is ended at the boot timeout when a top-level await takes too long', async () => {
    const source = 'setInterval(() => {}, 1000)\nawait new Promise(() => {})'
    const failure = await failureOfApp({ 'app.mjs': source }, ['--boot-timeout', '1'])
    expectOneCause(failure, { exitCode: 3, code: 'SUPERVISOR_APP_NEVER_LOADED' })
    expect(failure.stderr).toMatch(/after \d+(\.\d)? s/)
  })
})

// With the default boot timeout of a minute: the tests' patience is a quarter of that.
it.each([
  ['a number', 'app.mjs', 'export default 42', 'exports a number (42),'],
  ['a number in CommonJS', 'app.cjs', 'module.exports = 42', 'exports a number (42),'],
  ['null', 'app.mjs', 'export default null', 'exports null,'],
  ['a string', 'app.mjs', `export default 'express'`, `exports a string ('express'),`],
  ['an instance of a class', 'app.mjs', 'export default new (class Router {})()', 'exports an object (Router {}),'],
  ['an array', 'app.mjs', 'export default [() => {}]', '[Function (anonymous)]'],
])('an app that exports %s is told at once what was found', async (_what, name, source, found) => {
  const failure = await failureOfApp({ [name]: `${source}\nsetInterval(() => {}, 1000)` })
  expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_APP_NOT_SERVABLE' })
  expect(failure.stderr).toContain(found)
})
