import { expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import type { Cli } from '../harness/cli.ts'
import { ask, type Answer } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'

const APP = 'app.mjs'
const GOOD = `export default (request, response) => response.end('good')\n`
const BROKEN = `const thing = undefined\nthing.part()\n`

function develop(project: Project, args: readonly string[] = []): Promise<Cli> {
  return project.serving(['--reload', '--bind', '127.0.0.1:0', ...args, APP])
}

async function untilAnswered(port: number, status: number): Promise<Answer> {
  return until(`the answer is ${status}`, async () => {
    const answer = await ask({ port })
    return answer.status === status && answer
  })
}

it.each<[string, string, string, RegExp, readonly string[]]>([
  ['throws', BROKEN, 'TypeError', /app\.mjs:2/, []],
  ['has a syntax error', 'const a = ;\n', 'SyntaxError', /app\.mjs:1/, []],
  ['imports what is not there', `import './gone.mjs'\n`, 'gone.mjs', /app\.mjs/, []],
  ['exits', 'process.exit(7)\n', 'code 7', /app\.mjs/, []],
  [
    'never loads',
    'setInterval(() => {}, 1000)\nawait new Promise(() => {})\n',
    'was still being loaded after 3',
    /app\.mjs/,
    ['--boot-timeout', '3'],
  ],
])('code that %s is shown at the address of the app, until it is mended', async (_what, code, cause, place, args) => {
  using project = new Project({ [APP]: GOOD })
  await using cli = await develop(project, args)
  const { port } = cli
  project.write(APP, code)
  const text = await untilAnswered(port, 503)
  expect(text.body).toContain(cause)
  const { msg } = await cli.line('broken')
  expect(msg).toContain(cause)
  expect(msg).toMatch(place)
  const html = await ask({ port, headers: { accept: 'text/html' } })
  expect(html.headers?.['content-type']).toContain('text/html')
  const json = await ask({ port, headers: { accept: 'application/json' } })
  expect(JSON.stringify(JSON.parse(json.body))).toContain(cause)
  project.write(APP, GOOD)
  expect((await untilAnswered(port, 200)).body).toBe('good')
  expect(cli.events('broken')).toHaveLength(1)
})

it('code that crashes as soon as it is ready is shown too', async () => {
  using project = new Project({ [APP]: GOOD })
  await using cli = await develop(project)
  const { port } = cli
  project.write(APP, `${GOOD}setTimeout(() => { throw new Error('too soon') }, 50)\n`)
  expect((await untilAnswered(port, 503)).body).toContain('too soon')
  project.write(APP, GOOD)
  await untilAnswered(port, 200)
})

it('the terminal tells it once, however many workers there are', async () => {
  using project = new Project({ [APP]: GOOD })
  await using cli = await develop(project, ['--workers', '4'])
  const { port } = cli
  project.write(APP, BROKEN)
  await untilAnswered(port, 503)
  project.write(APP, GOOD)
  await untilAnswered(port, 200)
  expect(cli.events('broken')).toHaveLength(1)
  expect(cli.events('worker-boot-failed')).toEqual([])
})

it('half a file flashes no error', async () => {
  using project = new Project({ [APP]: GOOD })
  await using cli = await develop(project, ['--log-level', 'debug'])
  const { port } = cli
  project.write(APP, 'export default (request, resp')
  // The boot has failed by now, and the rest is written before anybody is told.
  await cli.line('reload-failed')
  project.write(APP, GOOD.replace('good', 'whole'))
  await until('the whole file is served', async () => (await ask({ port })).body === 'whole')
  expect(cli.events('broken')).toEqual([])
})

it.each([true, false])('a first boot that is broken ends nothing (address known: %s)', async (isKnown) => {
  const port = await freePort()
  const listening = `import { createServer } from 'node:http'
createServer((request, response) => response.end('good')).listen(${port}, '127.0.0.1')\n`
  using project = new Project({ [APP]: BROKEN })
  await using cli = project.start(['--reload', ...(isKnown ? ['--bind', `127.0.0.1:${port}`] : []), APP])
  const { msg } = await cli.line('broken')
  expect(msg).toContain('TypeError')
  if (isKnown) await untilAnswered(port, 503)
  else expect((await ask({ port })).result).toBe('refused')
  project.write(APP, isKnown ? GOOD : listening)
  expect((await untilAnswered(port, 200)).body).toBe('good')
  expect(cli.events('broken')).toHaveLength(1)
})
