import { expect, it } from 'vitest'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { Developed, RELOAD_PATIENCE_MS, untilServed, versionModule } from '../promises/saving.ts'

it.each([
  ['ignores SIGTERM', `process.on('SIGTERM', () => {})`],
  ['never ends its intervals', `setInterval(() => {}, 10)`],
  ['begins something when it is to end', `process.on('SIGTERM', () => setInterval(() => {}, 10))`],
])('an app that %s is reloaded, and its worker ends in time', async (_what, code) => {
  using project = new Developed({ 'version.mjs': `${code}\n${versionModule('v0')}` })
  await using cli = await project.develop(['--graceful-timeout', '1', '--kill-timeout', '1'])
  const { port } = cli
  for (const version of ['v1', 'v2', 'v3']) {
    project.write('version.mjs', `${code}\n${versionModule(version)}`)
    await untilServed(version, { port })
  }
  await cli.line('worker-exited', 3)
  expect(cli.events('broken')).toEqual([])
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})

it('an app that blocks its loop is reloaded, and its worker is killed in time', async () => {
  const blocking = `setInterval(() => {
  if (!process.stdout.write('')) return
  console.log('[blocks]')
  for (;;);
}, 50)\n`
  using project = new Developed()
  await using cli = await project.develop(['--graceful-timeout', '1', '--kill-timeout', '1'])
  const { port } = cli
  for (let version = 1; version <= 2; version++) {
    project.write('version.mjs', `${blocking}${versionModule(`bad${version}`)}`)
    await until('it blocks', () => cli.stdout.split('[blocks]').length > version)
    const waiting = ask({ port, patienceMs: RELOAD_PATIENCE_MS })
    project.save(`v${version}`)
    await untilServed(`v${version}`, { port })
    // Nobody else could have answered it than the one that blocks or the one after it.
    expect((await waiting).result).toMatch(/^(ok|reset)$/)
    await until('the one that blocks is killed', () => cli.events('worker-killed').length >= version)
  }
  expect(cli.events('broken')).toEqual([])
})

it('requests wait for an app that takes 3 s to load, and get the newest code', { timeout: 60_000 }, async () => {
  const slow = (version: string): string =>
    `console.log('[loads ${version}]')\nawait new Promise((resolve) => setTimeout(resolve, 3000))\n${versionModule(version)}`
  using project = new Developed()
  await using cli = await project.develop()
  const { port } = cli
  const answers: Promise<unknown>[] = []
  for (const version of ['v1', 'v2', 'v3']) {
    project.write('version.mjs', slow(version))
    await until(`${version} is being loaded`, () => cli.stdout.includes(`[loads ${version}]`))
    answers.push(ask({ port, patienceMs: RELOAD_PATIENCE_MS }))
  }
  for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ result: 'ok', body: 'v3' })
  expect(cli.events('broken')).toEqual([])
  expect(cli.events('reload-failed')).toEqual([])
})

it('modules that import each other are reloaded, whichever of them was saved', async () => {
  const half = (self: string, other: string, text: string): string =>
    `import { ${other} } from './${other}.mjs'\nexport const ${self} = () => '${text}'\nexport const see_${self} = () => ${other}()\n`
  using project = new Developed({
    'a.mjs': half('a', 'b', 'a0'),
    'b.mjs': half('b', 'a', 'b0'),
    'version.mjs': `import { a } from './a.mjs'\nimport { b } from './b.mjs'\nexport const version = a() + b()\n`,
  })
  await using cli = await project.develop()
  const { port } = cli
  await untilServed('a0b0', { port })
  project.write('a.mjs', half('a', 'b', 'a1'))
  await untilServed('a1b0', { port })
  project.write('b.mjs', half('b', 'a', 'b1'))
  await untilServed('a1b1', { port })
})
