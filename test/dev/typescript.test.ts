import { expect, it } from 'vitest'
import { Project } from '../frameworks/project.ts'
import type { Cli } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'

const APP = 'app.ts'
/** An enum can't be stripped: it takes tsx. */
const SOURCE = `
import { version } from './version.ts'
enum Mark { End = '!' }
export default (request: object, response: { end(text: string): void }): void => response.end(version + Mark.End)
`

function versionModule(version: string): string {
  return `interface Versioned { version: string }\nexport const version: Versioned['version'] = '${version}'\n`
}

async function untilAnswered({ port }: Cli, status: number, body: string): Promise<void> {
  let last = ''
  await until(
    `${body} is answered`,
    async () => {
      const answer = await ask({ port })
      last = `${answer.status} ${answer.body}`
      return answer.status === status && answer.body.includes(body)
    },
    30_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}, but ${last}`)
  })
}

it('an app that tsx runs is served anew, and what is wrong with it has its place', { timeout: 90_000 }, async () => {
  const files = { [APP]: SOURCE, 'version.ts': versionModule('v0'), 'package.json': '{"type":"module"}' }
  using project = new Project(files, 'frameworks')
  await using cli = await project.serving(['--reload', '--ts', 'tsx', '--bind', '127.0.0.1:0', APP])
  await untilAnswered(cli, 200, 'v0!')
  project.write('version.ts', versionModule('v1'))
  await untilAnswered(cli, 200, 'v1!')
  project.write('version.ts', `interface Versioned {}\n\nexport const version: string = = 'v2'\n`)
  await untilAnswered(cli, 503, 'version.ts:3:')
  const wrong = await cli.line('broken')
  expect(wrong.msg).toContain('could not be loaded')
  expect(wrong).toMatchObject({ file: 'version.ts', line: 3 })
  project.write('version.ts', versionModule('v3'))
  await untilAnswered(cli, 200, 'v3!')
  project.write(
    'version.ts',
    `interface Versioned { version: string }\n\n\nthrow new Error('too bad')\nexport const version = ''\n`,
  )
  await untilAnswered(cli, 503, 'too bad')
  expect(await cli.line('broken', 2)).toMatchObject({ file: 'version.ts', line: 4 })
  project.write('version.ts', versionModule('v4'))
  await untilAnswered(cli, 200, 'v4!')
})
