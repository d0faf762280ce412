import { renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { expect, it } from 'vitest'
import { changedSince, Fingerprints } from '../../packages/supervisor/src/dev/fingerprints.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'

it('tells what was written, replaced, deleted or made, and nothing else', async () => {
  using folder = new Folder()
  const same = folder.write('same.js', '1')
  const written = folder.write('written.js', '1')
  const replaced = folder.write('replaced.js', '1')
  const deleted = folder.write('deleted.js', '1')
  const made = `${folder.path}/made.js`
  const missing = `${folder.path}/missing.js`
  const prints = await Fingerprints.take([same, written, replaced, deleted, made, missing])
  expect(await prints.changed()).toEqual([])
  folder.write('written.js', '22')
  const { atime, mtime } = statSync(replaced)
  utimesSync(folder.write('other.js', '2'), atime, mtime)
  renameSync(`${folder.path}/other.js`, replaced)
  rmSync(deleted)
  folder.write('made.js', '1')
  expect(await prints.changed()).toEqual([written, replaced, deleted, made])
})

it('tells what has changed since a time: written, or gone', async () => {
  using folder = new Folder()
  const old = folder.write('old.js', '1')
  const at = statSync(old).ctimeMs
  const [written, gone] = [folder.write('written.js', '1'), `${folder.path}/gone.js`]
  await until('the clock of the files goes on', () => {
    folder.write('written.js', '2')
    return statSync(written).ctimeMs > at
  })
  expect(await changedSince([old, written, gone], at)).toEqual([written, gone])
})
