import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Log } from '../../packages/supervisor/src/cli/log.ts'
import { openLogFile } from '../../packages/supervisor/src/cli/log-file.ts'
import type { LogSettings } from '../../packages/supervisor/src/cli/load.ts'
import type { SupervisorReport } from '../../packages/supervisor/src/loop.ts'
import { Folder } from '../harness/folder.ts'

const INFO: SupervisorReport = { type: 'scaled', from: 1, to: 2 }
const DEBUG: SupervisorReport = {
  type: 'worker-forked',
  reason: 'boot',
  worker: 1,
  index: 0,
  generation: 1,
  pid: null,
}

/** A log in a file, and what is in the files of its folder. */
async function logIn(folder: Folder): Promise<{ log: Log; settings: LogSettings; read: (name: string) => string }> {
  const file = join(folder.path, 'one.log')
  const settings: LogSettings = { level: 'info', format: 'auto', file, app: 'app.js', developedIn: null }
  const read = (name: string): string => {
    const path = join(folder.path, name)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }
  return { log: await Log.create(settings, openLogFile(file)), settings, read }
}

it('a reload that brings another level, format or file is followed at once', async () => {
  using folder = new Folder()
  const { log, settings, read } = await logIn(folder)
  log.tell(DEBUG)
  await log.change({ ...settings, level: 'debug' })
  log.tell(DEBUG)
  await log.change({ ...settings, format: 'pretty' })
  log.tell(INFO)
  log.tell(DEBUG)
  await log.change({ ...settings, file: join(folder.path, 'two.log') })
  log.tell(INFO)
  await log.end()
  const [first = '', second, ...others] = read('one.log').trimEnd().split('\n')
  expect(JSON.parse(first)).toMatchObject({ event: 'worker-forked', level: 20 })
  expect(second).toMatch(/^\[[\d:.]+\] INFO: workers: 1 -> 2$/)
  expect(others).toEqual([])
  expect(JSON.parse(read('two.log'))).toMatchObject({ event: 'scaled', level: 30 })
})

it('a file that can not be opened leaves the log where it was, and the rest takes effect', async () => {
  using folder = new Folder()
  const { log, settings, read } = await logIn(folder)
  await log.change({ ...settings, level: 'debug', file: join(folder.path, 'gone/two.log') })
  log.tell(DEBUG)
  await log.end()
  const lines = read('one.log').trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { event: 'warning', level: 40, code: 'SUPERVISOR_LOG_FILE' },
    { event: 'worker-forked', level: 20 },
  ])
})
