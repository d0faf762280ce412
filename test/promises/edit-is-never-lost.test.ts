import { renameSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { waitFor } from './release.ts'
import { Developed, untilServed, VERSION, versionModule, Witness } from './saving.ts'

it('serves what was saved last, whenever it was saved, and refuses nobody', async () => {
  using project = new Developed()
  await using cli = await project.develop()
  const { port } = cli
  const witness = new Witness({ port })
  // The same pauses each time: from at once to long after a reload.
  let seed = 7
  for (let save = 1; save <= 12; save++) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    project.save(`a${save}`)
    await wait(seed % 160)
  }
  await untilServed('a12', { port })
  // Twice in the same turn, once more while the reload is under way.
  project.save('b1')
  project.save('b2')
  await cli.line('reload-started', cli.events('reload-started').length + 1)
  project.save('b3')
  await untilServed('b3', { port })
  for (const version of ['c1', 'c2', 'c3']) {
    project.saveByRename(version)
    await untilServed(version, { port })
  }
  expect(await witness.end()).toEqual([])
})

it('survives 200 saves within two seconds', async () => {
  using project = new Developed()
  await using cli = await project.develop()
  const { port } = cli
  const witness = new Witness({ port })
  for (let save = 1; save <= 200; save++) {
    project.save(`v${save}`)
    await wait(10)
  }
  await untilServed('v200', { port })
  expect(await witness.end()).toEqual([])
  expect(cli.events('broken')).toEqual([])
  expect(cli.events('reload-started').length).toBeLessThan(200)
})

it('takes a checkout of a thousand files for a few reloads, not for a thousand', async () => {
  const names = Array.from({ length: 1000 }, (_, index) => `part-${index}.mjs`)
  const parts = (version: string): [string, string][] => names.map((name) => [name, versionModule(version)])
  const index = `${names.map((name, at) => `import { version as v${at} } from './${name}'`).join('\n')}
const all = new Set([${names.map((_, at) => `v${at}`).join(', ')}])
export const version = [...all].join()
`
  using project = new Developed({ ...Object.fromEntries(parts('main')), [VERSION]: index })
  await using cli = await project.develop()
  const { port } = cli
  const witness = new Witness({ port })
  for (const [name, text] of parts('branch')) {
    project.write(name, text)
    if (name.endsWith('00.mjs')) await wait(20)
  }
  await untilServed('branch', { port })
  expect(await witness.end()).toEqual([])
  expect(cli.events('reload-started').length).toBeLessThan(40)
})

it('serves a file that was deleted and made anew, and one in a new folder', async () => {
  using project = new Developed()
  await using cli = await project.develop()
  const { port } = cli
  renameSync(join(project.path, VERSION), join(project.path, 'away.txt'))
  await cli.line('broken')
  expect((await ask({ port })).status).toBe(503)
  project.save('again')
  await until('it is served', async () => (await ask({ port })).body === 'again')
  project.write(VERSION, `export { version } from './new/folder/deep.mjs'\n`)
  await cli.line('broken', 2)
  project.writeDeep('new/folder/deep.mjs', versionModule('deep'))
  await until('it is served', async () => (await ask({ port })).body === 'deep')
  project.writeDeep('new/folder/deep.mjs', versionModule('deeper'))
  await untilServed('deeper', { port })
})

it('answers nothing by the old code once a change is known', async () => {
  using project = new Developed()
  await using cli = await project.develop()
  const { port } = cli
  for (let save = 1; save <= 3; save++) {
    const gate = join(project.path, `gate-${save}`)
    project.write(VERSION, `console.log('[waits ${save}]')\n${waitFor(gate)}\n${versionModule(`v${save}`)}`)
    await until('the new code is being loaded', () => cli.stdout.includes(`[waits ${save}]`))
    const answers = Array.from({ length: 5 }, () => ask({ port }))
    project.write(`gate-${save}`, '')
    for (const answer of answers) expect(await answer).toMatchObject({ result: 'ok', body: `v${save}` })
  }
})

it('ends idle connections, answers what is in flight, and waits for no stream', async () => {
  using project = new Developed()
  await using cli = await project.develop(['--graceful-timeout', '60'])
  const { port } = cli
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  expect((await ask({ port, agent })).body).toBe('v0')
  const [socket] = Object.values(agent.freeSockets).flat()
  const never = ask({ port, path: '/never', patienceMs: 60_000 })
  const slow = ask({ port, path: '/slow' })
  await until('both are being served', () => cli.stdout.includes('[never]') && cli.stdout.includes('[slow]'))
  project.save('v1')
  await cli.line('reloaded')
  await until('the idle connection has ended', () => socket?.destroyed === true)
  expect((await ask({ port })).body).toBe('v1')
  expect(await slow).toMatchObject({ result: 'ok', body: 'v0' })
  expect(cli.events('worker-killed')).toEqual([])
  cli.signalGroup('SIGKILL')
  expect((await never).result).toBe('reset')
  agent.destroy()
})

it('gives every worker the new code', async () => {
  using project = new Developed()
  await using cli = await project.develop(['--workers', '3'])
  const { port } = cli
  const witness = new Witness({ port })
  for (const version of ['v1', 'v2', 'v3']) {
    const count = cli.events('reloaded').length
    project.save(version)
    await cli.line('reloaded', count + 1)
    await untilServed(version, { port })
    const next = await Promise.all(Array.from({ length: 9 }, () => ask({ port })))
    expect(new Set(next.map(({ body }) => body))).toEqual(new Set([version]))
  }
  expect(await witness.end()).toEqual([])
})

it('serves what was saved while the first generation was loaded, before anything was watched', async () => {
  // It is the app's own doing, so that it comes after the file has been read, and before the watch may have begun.
  const saved = `
import { readFileSync, writeFileSync } from 'node:fs'
const file = new URL('./version.mjs', import.meta.url)
const text = readFileSync(file, 'utf8')
if (text.includes('v0')) writeFileSync(file, text.replace('v0', 'v1'))
`
  using project = new Developed()
  project.write('early.mjs', saved)
  project.write('before.mjs', `import './version.mjs'\nimport './early.mjs'\nexport { default } from './app.mjs'\n`)
  await using cli = await project.serving(['--reload', '--bind', '127.0.0.1:0', 'before.mjs'])
  await untilServed('v1', { port: cli.port })
})
