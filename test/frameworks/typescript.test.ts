import { describe, expect, it } from 'vitest'
import { expectOneCause } from '../cli/failure.ts'
import { ask } from '../harness/client.ts'
import { Project } from './project.ts'

/** `transform` would be enums and all; no Node does that without being told to. */
const NODE_STRIPS =
  process.allowedNodeEnvironmentFlags.has('--experimental-strip-types') ||
  Boolean((process.features as { readonly typescript?: unknown }).typescript)

const HANDLER = `
  import type { IncomingMessage, ServerResponse } from 'node:http'
  export default function handler(request: IncomingMessage, response: ServerResponse): void {
    response.end(\`\${word satisfies string} \${request.url}\`)
  }`
const WITH_ENUM = `enum Word { Hello = 'hello' }\nconst word: string = Word.Hello\n${HANDLER}`
const DEPENDENCY = `export const word: string = 'hello'`
const SWAPPED = `import { word } from './dep.js'\n${HANDLER}`
const EXTENSIONLESS = `import { word } from './dep'\n${HANDLER}`
const STRIPPABLE = `import { word } from './dep.ts'\n${HANDLER}`
const ARGS = ['--bind', '127.0.0.1:0']
const ESM = '{ "type": "module" }'

describe('with tsx among the dependencies of the app', () => {
  it.each([
    ['an enum', { 'app.ts': WITH_ENUM, 'package.json': ESM }],
    ['./dep.js that is dep.ts', { 'app.ts': SWAPPED, 'dep.ts': DEPENDENCY, 'package.json': ESM }],
    ['./dep without an ending', { 'app.ts': EXTENSIONLESS, 'dep.ts': DEPENDENCY, 'package.json': '{}' }],
    ['.mts', { 'app.mts': WITH_ENUM }],
  ])('serves an app with %s', async (_what, files) => {
    expect(await answerOf(files, [])).toBe('hello /path')
    expect(await answerOf(files, ['--ts', 'tsx'])).toBe('hello /path')
  })

  it('serves CommonJS that TypeScript has compiled nothing of yet', async () => {
    const source = `
      import { createServer, type Server } from 'node:http'
      const server: Server = createServer((request, response) => response.end('hello ' + request.url))
      export = server`
    expect(await answerOf({ 'app.cts': source }, [])).toBe('hello /path')
  })

  it('shows an error of the app where it is in the source', async () => {
    const source = `interface Unused {\n  readonly nothing: string\n}\n\nthrow new Error('thrown in TypeScript')`
    using project = new Project({ 'app.ts': source, 'package.json': ESM }, 'frameworks')
    await using cli = project.start([...ARGS, 'app.ts'])
    expect(await cli.exit()).toEqual({ code: 3, signal: null })
    expect(cli.stderr).toContain('thrown in TypeScript')
    expect(cli.stderr).toMatch(/app\.ts:5:\d+/)
  })

  it('runs a JavaScript app by tsx when told to, so that it can import TypeScript', async () => {
    const source = `import { word } from './dep.ts'\nexport default (request, response) => response.end(word + ' ' + request.url)`
    const files = { 'app.mjs': source, 'dep.ts': `enum Word { Hello = 'hello' }\nexport const word = Word.Hello` }
    expect(await answerOf(files, ['--ts', 'tsx'])).toBe('hello /path')
  })
})

describe.runIf(NODE_STRIPS)("with Node's own type stripping", () => {
  const strippable = { 'app.ts': STRIPPABLE, 'dep.ts': DEPENDENCY, 'package.json': ESM }

  it('serves an app that needs no more', async () => {
    expect(await answerOf(strippable, ['--ts', 'strip'])).toBe('hello /path')
    // Without tsx it is what there is.
    expect(await answerOf(strippable, [], 'supervisor')).toBe('hello /path')
  })

  it.each([
    ['an enum', { 'app.ts': WITH_ENUM, 'package.json': ESM }],
    [
      'a parameter property',
      { 'app.ts': `class A { constructor(readonly b: string) {} }\n${HANDLER}`, 'package.json': ESM },
    ],
    ['./dep.js that is dep.ts', { 'app.ts': SWAPPED, 'dep.ts': DEPENDENCY, 'package.json': ESM }],
    ['./dep without an ending', { 'app.ts': EXTENSIONLESS, 'dep.ts': DEPENDENCY, 'package.json': ESM }],
    [
      './dep without an ending that is required',
      { 'app.ts': `module.exports = require('./dep')`, 'dep.ts': DEPENDENCY, 'package.json': '{}' },
    ],
  ])('names tsx for %s', async (_what, files) => {
    using project = new Project(files)
    await using cli = project.start([...ARGS, '--ts', 'strip', 'app.ts'])
    const { code } = await cli.exit()
    expect(code, cli.stderr).toBe(4)
    expect(cli.stderr).toContain('SUPERVISOR_APP_NOT_LOADED')
    expect(cli.stderr).toContain('tsx')
  })
})

describe('where TypeScript can not be run', () => {
  it.skipIf(NODE_STRIPS).each([[[]], [['--ts', 'strip']]])('says both ways: %j', async (flags) => {
    using project = new Project({ 'app.ts': STRIPPABLE })
    const failure = await project.failure([...ARGS, ...flags, 'app.ts'])
    expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_TYPESCRIPT' })
    expect(failure.stderr).toContain(`Node ${process.versions.node} does not run by itself`)
    expect(failure.stderr).toContain('npm install tsx')
    expect(failure.stderr).toContain('22.18')
  })

  it('says what --ts tsx lacks', async () => {
    using project = new Project({ 'app.ts': STRIPPABLE })
    const failure = await project.failure([...ARGS, '--ts', 'tsx', 'app.ts'])
    expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_TYPESCRIPT' })
    expect(failure.stderr).toContain('npm install tsx')
  })

  it('refuses .tsx without tsx', async () => {
    using project = new Project({ 'app.tsx': STRIPPABLE })
    const failure = await project.failure([...ARGS, 'app.tsx'])
    expectOneCause(failure, { exitCode: 4, code: 'SUPERVISOR_TYPESCRIPT' })
  })
})

/** What the app answers, its first file being the main one. */
async function answerOf(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  packages: 'frameworks' | 'supervisor' = 'frameworks',
): Promise<string> {
  using project = new Project(files, packages)
  const [main = ''] = Object.keys(files)
  await using cli = await project.serving([...ARGS, ...args, main])
  return (await ask({ port: cli.port, path: '/path' })).body
}
