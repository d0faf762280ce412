import { mkdirSync, renameSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SYSTEM, type System } from '../../packages/supervisor/src/dev/change-source.ts'
import { until } from '../harness/until.ts'
import { Watching } from './watching.ts'

/** A system that has room for so many watches. */
function systemWith(watches: number, code: string): System {
  let left = watches
  return {
    ...SYSTEM,
    watch: (folder, onEvent) => {
      left -= 1
      if (left < 0) throw Object.assign(new Error(`${code}: no room`), { code })
      return SYSTEM.watch(folder, onEvent)
    },
  }
}

describe('a folder that can’t be watched', () => {
  it.each([
    ['that is missing', 'missing', /missing can't be watched: it is not there/],
    ['that is a file', 'a.js', /a\.js can't be watched: it is a file/],
    ['below a file', 'a.js/x', /x can't be watched: it is not there/],
    ['that is all', '/', /\/ can't be watched: it is the whole file system/],
  ])('%s is refused in words', async (_, name, message) => {
    await using watching = new Watching()
    watching.write('a.js')
    const starting = watching.start({ dirs: [name === '/' ? name : watching.at(name)] })
    await expect(starting).rejects.toMatchObject({
      code: 'SUPERVISOR_RELOAD_DIR',
      message: expect.stringMatching(message),
    })
  })

  it('is named when it lies below one that can, and the rest is watched', async () => {
    await using watching = new Watching()
    watching.write('secret/a.js')
    watching.write('open/a.js')
    const system: System = {
      ...SYSTEM,
      watch: (folder, onEvent) => {
        if (folder.endsWith('secret')) throw Object.assign(new Error('EACCES'), { code: 'EACCES' })
        return SYSTEM.watch(folder, onEvent)
      },
    }
    expect(await watching.start({}, system)).toMatchObject({ files: 1, folders: 2 })
    expect(watching.troubles).toEqual([expect.stringContaining(`${watching.at('secret')} (EACCES)`)])
    watching.write('open/a.js', 'changed')
    await watching.untilSeen('open/a.js')
  })
})

describe('a system without room for more watches', () => {
  it.each([
    ['ENOSPC', 'max_user_watches'],
    ['EMFILE', 'max_user_instances'],
  ])('%s: says so, and looks again and again', async (code, limit) => {
    await using watching = new Watching()
    for (const name of ['a/a.js', 'b/b.js', 'c/c.js']) watching.write(name)
    expect(await watching.start({}, systemWith(2, code))).toMatchObject({ files: 3, folders: 4, isPolling: true })
    expect(watching.troubles).toEqual([expect.stringContaining(limit)])
    watching.write('c/c.js', 'changed')
    await watching.untilSeen('c/c.js')
  })

  it('does so when the room ends later', async () => {
    await using watching = new Watching()
    watching.write('a.js')
    await watching.start({}, systemWith(1, 'ENOSPC'))
    watching.write('new/b.js')
    await until('it is told', () => watching.troubles.length === 1)
    await until('the file is seen', () => {
      watching.write('new/b.js', String(performance.now()))
      return watching.seen.includes('new/b.js')
    })
    watching.forget()
    await until('a change is seen', () => {
      watching.write('a.js', String(performance.now()))
      return watching.seen.includes('a.js')
    })
  })
})

describe('polling', () => {
  it('sees what is written, replaced, deleted and new, and nothing else', async () => {
    await using watching = new Watching()
    for (const name of ['a.js', 'src/b.js', 'src/c.js', 'dist/d.js', 'node_modules/x/e.js']) watching.write(name)
    watching.write('.gitignore', 'dist\n')
    expect(await watching.start({ isPolling: true })).toEqual({ files: 3, folders: 2, isPolling: true, hint: null })
    watching.write('a.js', 'changed')
    renameSync(watching.write('src/b.js~', 'changed'), watching.at('src/b.js'))
    watching.write('dist/d.js', 'changed')
    watching.write('node_modules/x/e.js', 'changed')
    mkdirSync(watching.at('new/deep'), { recursive: true })
    watching.write('new/deep/f.js')
    await watching.untilSeen('a.js', 'src/b.js', 'new/deep/f.js')
    expect(await watching.seenByNow()).toEqual(['a.js', 'new/deep/f.js', 'src/b.js'])
  })

  it('sees a file that the app has loaded', async () => {
    await using watching = new Watching()
    const file = watching.write('node_modules/linked/a.js')
    await watching.start({ isPolling: true })
    watching.watch?.watchAlso([file])
    await until('it is seen', () => {
      watching.write('node_modules/linked/a.js', String(performance.now()))
      return watching.seen.includes('node_modules/linked/a.js')
    })
  })

  it('sees what is written right after the start, or right after a file was made', async () => {
    await using watching = new Watching()
    watching.write('a.js')
    await watching.start({ isPolling: true })
    watching.write('a.js', 'changed')
    await watching.untilSeen('a.js')
    for (let round = 0; round < 5; round += 1) {
      const name = `new-${round}.js`
      watching.write(name)
      await watching.untilSeen(name)
      watching.forget()
      watching.write(name, 'changed')
      await watching.untilSeen(name)
    }
  })
})
