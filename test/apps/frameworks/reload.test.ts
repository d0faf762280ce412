import { expect, it } from 'vitest'
import { Project } from '../../frameworks/project.ts'
import { NO_LOSSES, Traffic } from '../../harness/traffic.ts'
import { until } from '../../harness/until.ts'
import { origins, reload } from '../../promises/release.ts'
import { VERSION_APPS } from './version-apps.ts'

it.each(Object.entries(VERSION_APPS))('reloads %s under traffic, and nothing is lost', async (name, source) => {
  using project = new Project({ 'app.mjs': source('v1') }, 'frameworks')
  const bind = name.includes('listens') ? [] : ['--bind', '127.0.0.1:0']
  await using cli = await project.serving(['--workers', '2', ...bind, 'app.mjs'])
  const { port } = cli
  const traffic = new Traffic({ port })
  await traffic.more()
  project.write('app.mjs', source('v2'))
  await reload(cli)
  expect((await origins(2, { port })).map(({ version }) => version)).toEqual(['v2', 'v2'])
  await traffic.more(1)
  expect(await traffic.end()).toEqual(NO_LOSSES)
  await until('the old generation has gone', () => cli.liveWorkerPids.length === 2)
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(cli.stderr).toBe('')
})
