import { mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { LoopSettings } from '../../packages/supervisor/src/loop.ts'
import { prepare } from '../../packages/supervisor/src/prepare.ts'
import { fixture } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { resolve } from './resolving.ts'

const SURROUNDINGS = { folder: '/', configFile: null, activatedFds: [], isBindChosen: false, isCheck: false }

function prepared(file: Readonly<Record<string, unknown>>): LoopSettings {
  return prepare(resolve({ app: fixture('hello.mjs'), file }), SURROUNDINGS)
}

it.each([
  [0, 1000],
  [100, 50],
  [200, 50],
  [1000, 250],
  [30_000, 1000],
])('with a timeout of %i ms an event loop gives a sign of life every %i ms', (timeoutMs, beatMs) => {
  expect(prepared({ timeoutMs })).toMatchObject({ timeoutMs, go: { beatMs } })
})

it('what is off is 0, and what is automatic is counted', () => {
  const settings = prepared({})
  expect(settings).toMatchObject({
    canaryMs: 0,
    rolling: false,
    shutdownDelayMs: 0,
    timeoutMs: 30_000,
    maxRequests: 0,
    maxRequestsJitter: 0,
    maxAgeMs: 0,
    maxMemory: 0,
    maxLoopDelayMs: 0,
    giveUpMs: 0,
    go: { requestLimit: null, measuresLoopDelay: false },
  })
  expect(settings.maxSurge).toBe(prepared({ workers: 'auto' }).workers)
})

it('what a worker has to look at is in its order', () => {
  expect(prepared({ maxLoopDelayMs: 50 }).go.measuresLoopDelay).toBe(true)
})

it('the folder, the app and the config file are the real ones, wherever a link leads later', () => {
  using folder = new Folder()
  mkdirSync(join(folder.path, 'v1'))
  for (const name of ['app.mjs', 'supervisor.config.mjs']) folder.write(`v1/${name}`, '')
  symlinkSync('v1', join(folder.path, 'current'))
  const config = resolve({ app: 'app.mjs', file: { chdir: 'current', hooks: { postFork() {} } } })
  const configFile = join(folder.path, 'current/supervisor.config.mjs')
  const real = join(realpathSync(folder.path), 'v1')
  expect(prepare(config, { ...SURROUNDINGS, folder: folder.path, configFile })).toMatchObject({
    folder: real,
    app: join(real, 'app.mjs'),
    go: { preload: { hooksFile: join(real, 'supervisor.config.mjs') } },
  })
})
