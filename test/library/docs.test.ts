import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { Cli, ROOT } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

const run = promisify(execFile)
const ESM = '{ "type": "module" }'

/** The code blocks of a page in one language. */
function blocksOf(page: string, language: string): string[] {
  const text = readFileSync(`${ROOT}docs/${page}`, 'utf8')
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n([^\`]*(?:\`(?!\`\`)[^\`]*)*)\`\`\``, 'g'))].map(
    ([, code = '']) => code,
  )
}

/** What stands in the comment on the first line of a block. */
function headOf(block: string): string {
  return /^\/\/ (.+)/.exec(block)?.[1] ?? ''
}

it('the program in docs/library.md serves, and stops on SIGTERM', async () => {
  const port = await freePort()
  const files = blocksOf('library.md', 'js').map((block) => [headOf(block), block.replace('8000', String(port))])
  using project = new Project(
    { ...(Object.fromEntries(files) as Record<string, string>), 'package.json': ESM },
    'supervisor',
  )
  await using program = new Cli([], { cwd: project.path, command: [process.execPath, 'main.js'] })
  await until('it serves', () => program.stdout.includes('serving with 2 workers'))
  expect(program.stdout).toContain(`listening on 127.0.0.1:${port}`)
  expect((await ask({ port })).body).toBe('hello')
  program.signal('SIGTERM')
  expect(await program.exit()).toEqual({ code: 0, signal: null })
  expect(program.stdout.trimEnd().split('\n').at(-1)).toBe('stopped')
})

it('the TypeScript in docs/library.md compiles', async () => {
  const blocks = blocksOf('library.md', 'ts')
  expect(blocks).toHaveLength(2)
  const files = Object.fromEntries(blocks.map((block, index) => [`block-${index}.ts`, block]))
  using project = new Project({ ...files, 'package.json': ESM }, 'supervisor')
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
    '--skipLibCheck',
  ]
  const compiler = `${ROOT}node_modules/.bin/tsc`
  await expect(run(compiler, [...options, ...Object.keys(files)], { cwd: project.path })).resolves.toMatchObject({
    stdout: '',
  })
})

it.each(blocksOf('apps.md', 'js').map((block) => [headOf(block), block] as const))(
  'docs/apps.md: %s runs',
  async (command, block) => {
    const args = command.split(' ').slice(1)
    const file = args.at(-1)?.split(':')[0] ?? ''
    const packages = block.includes('@prefork/') ? 'supervisor' : 'frameworks'
    using project = new Project({ [file]: block, 'package.json': ESM }, packages)
    await using cli = await project.serving(['--bind', '127.0.0.1:0', ...args])
    if (cli.events('listener-bound').length > 0) expect((await ask({ port: cli.port })).status).toBe(200)
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    if (file === 'consumer.js') expect(cli.stdout).toContain('bye')
  },
)
