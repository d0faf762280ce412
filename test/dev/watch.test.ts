import { mkdirSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'
import { Watching } from './watching.ts'

describe('a change', () => {
  it('is told with its absolute path, and only if it counts', async () => {
    await using watching = new Watching()
    watching.write('a.js')
    watching.write('node_modules/x/index.js')
    watching.write('dist/a.js')
    watching.write('.gitignore', 'dist/\n')
    expect(await watching.start()).toMatchObject({ files: 1, folders: 1, isPolling: false })
    watching.write('readme.md')
    watching.write('node_modules/x/index.js', 'changed')
    watching.write('dist/a.js', 'changed')
    watching.write('.a.js.swp')
    watching.write('4913')
    watching.write('a.js', 'changed')
    await watching.untilSeen('a.js')
    expect(watching.calls[0]).toEqual([watching.at('a.js')])
    expect(await watching.seenByNow()).toEqual(['a.js'])
  })

  it('is seen 200 times in 2 s, and the last one too', async () => {
    await using watching = new Watching()
    const file = watching.write('a.js')
    await watching.start()
    for (let save = 0; save < 200; save += 1) {
      await writeFile(file, `// ${save}`)
      await wait(10)
    }
    const calls = watching.calls.length
    expect(calls).toBeGreaterThan(10)
    await watching.seenByNow()
    watching.forget()
    await writeFile(file, '// last')
    await watching.untilSeen('a.js')
  })

  it('is seen when it follows another one by 1 to 40 ms', async () => {
    await using watching = new Watching()
    const file = watching.write('a.js')
    await watching.start()
    for (let gap = 1; gap <= 40; gap += 3) {
      writeFileSync(file, `// first, ${gap}`)
      await watching.untilSeen('a.js')
      await wait(gap)
      watching.forget()
      writeFileSync(file, `// second, ${gap}`)
      await watching.untilSeen('a.js')
    }
  })

  it.each(['rename', 'delete', 'backup'])('is seen when an editor saves by %s', async (way) => {
    await using watching = new Watching()
    const file = watching.write('src/a.js')
    await watching.start()
    for (let save = 0; save < 3; save += 1) {
      watching.forget()
      if (way === 'delete') rmSync(file)
      if (way === 'backup') renameSync(file, `${file}~`)
      const temporary = watching.write('src/a.js___jb_tmp___', `// ${save}`)
      renameSync(temporary, file)
      await watching.untilSeen('src/a.js')
      expect(await watching.seenByNow()).toEqual(['src/a.js'])
    }
  })
})

describe('folders', () => {
  it('that are new are watched, with what is in them already', async () => {
    await using watching = new Watching()
    await watching.start()
    for (let round = 0; round < 10; round += 1) {
      const name = `new-${round}/deep/er/a.js`
      watching.write(name)
      await watching.untilSeen(name)
      await watching.seenByNow()
      watching.forget()
      watching.write(name, 'again')
      await watching.untilSeen(name)
    }
  })

  it('that are moved away take their files with them, and bring them when they come back', async () => {
    await using watching = new Watching()
    watching.write('src/deep/a.js')
    await watching.start()
    renameSync(watching.at('src'), watching.at('.gone'))
    await watching.untilSeen('src/deep/a.js')
    watching.forget()
    renameSync(watching.at('.gone'), watching.at('src'))
    await watching.untilSeen('src/deep/a.js')
    await watching.untilWatched('src/deep/a.js')
    watching.write('src/deep/a.js', 'again')
    await watching.untilSeen('src/deep/a.js')
  })

  it('that are deleted and made anew are watched again', async () => {
    await using watching = new Watching()
    watching.write('src/deep/a.js')
    await watching.start()
    for (let round = 0; round < 5; round += 1) {
      rmSync(watching.at('src'), { recursive: true })
      watching.write('src/deep/a.js', String(round))
      await watching.untilWatched('src/deep/a.js')
    }
  })

  it('may be the watched folder itself', async () => {
    await using watching = new Watching()
    watching.write('app/a.js')
    await watching.start({ dirs: [watching.at('app')] })
    rmSync(watching.at('app'), { recursive: true })
    await watching.untilSeen('app/a.js')
    watching.forget()
    watching.write('app/sub/b.js')
    await watching.untilSeen('app/sub/b.js')
    await until('the folder is watched again', () => {
      watching.write('app/a.js', String(performance.now()))
      return watching.seen.includes('app/a.js')
    })
  })

  it('that git does not ignore any more are watched', async () => {
    await using watching = new Watching()
    watching.write('out/a.js')
    watching.write('.gitignore', 'out\n')
    expect(await watching.start()).toMatchObject({ files: 0, folders: 1 })
    watching.write('.gitignore', '')
    await watching.untilWatched('out/a.js')
  })

  it('above the watched one have their .gitignore, up to the repository’s', async () => {
    await using watching = new Watching()
    watching.write('.git/HEAD', 'ref: refs/heads/main')
    watching.write('.gitignore', 'generated\n')
    watching.write('apps/.gitignore', 'local.js\n')
    watching.write('apps/web/generated/a.js')
    watching.write('apps/web/local.js')
    watching.write('apps/web/main.js')
    expect(await watching.start({ dirs: [watching.at('apps/web')] })).toMatchObject({ files: 1, folders: 1 })
  })
})

describe('files that the app has loaded', () => {
  it('count anywhere, whatever they are called', async () => {
    await using watching = new Watching()
    using elsewhere = new Folder()
    const real = realpathSync(elsewhere.path)
    mkdirSync(watching.at('node_modules'))
    symlinkSync(real, watching.at('node_modules/shared'))
    const loaded = elsewhere.write('loaded.js', '')
    await watching.start()
    watching.watch?.watchAlso([realpathSync(loaded), watching.write('schema.graphql')])
    watching.write('schema.graphql', 'changed')
    await watching.untilSeen('schema.graphql')
    await until('the file elsewhere is seen', () => {
      elsewhere.write('other.js', '')
      elsewhere.write('loaded.js', String(performance.now()))
      return watching.seen.includes(`${real}/loaded.js`)
    })
    expect(watching.seen).not.toContain(`${real}/other.js`)
  })

  it('are seen when their folder is deleted and built again', async () => {
    await using watching = new Watching()
    using elsewhere = new Folder()
    const real = realpathSync(elsewhere.path)
    mkdirSync(`${real}/pkg/dist`, { recursive: true })
    const loaded = elsewhere.write('pkg/dist/loaded.js', '')
    await watching.start()
    watching.watch?.watchAlso([`${real}/pkg/dist/loaded.js`])
    for (let round = 0; round < 3; round += 1) {
      await until('the file is watched', () => {
        writeFileSync(loaded, String(performance.now()))
        return watching.calls.flat().includes(`${real}/pkg/dist/loaded.js`)
      })
      rmSync(`${real}/pkg`, { recursive: true })
      await watching.seenByNow()
      watching.forget()
      mkdirSync(`${real}/pkg/dist`, { recursive: true })
      writeFileSync(loaded, String(round))
      await until('the file is seen again', () => watching.calls.flat().includes(`${real}/pkg/dist/loaded.js`))
    }
  })

  it('include what a link in the folder leads to', async () => {
    await using watching = new Watching()
    using elsewhere = new Folder()
    const target = elsewhere.write('shared.env', 'A=1')
    symlinkSync(target, watching.at('.env'))
    await watching.start()
    elsewhere.write('shared.env', 'A=2')
    await until('the target is seen', () => watching.seen.includes(realpathSync(target)))
  })
})

describe('many changes', () => {
  it('of 1,000 files, deleted and made anew, come in few calls, and none is missed', async () => {
    await using watching = new Watching()
    const names = Array.from({ length: 1000 }, (_, index) => `src/${index % 40}/${index}.js`)
    for (const name of names) watching.write(name)
    expect(await watching.start()).toMatchObject({ files: 1000, folders: 42 })
    const from = performance.now()
    for (const [index, name] of names.entries()) {
      if (index % 10 === 0) await writeFile(watching.at(name), 'other branch')
      else {
        rmSync(watching.at(name))
        writeFileSync(watching.at(name), 'other branch')
      }
    }
    await watching.untilSeen(...names)
    // After the first, at 0, 5, 10, 20 ms and so on, one every 80 ms.
    expect(watching.calls.length).toBeLessThan(8 + (performance.now() - from) / 80)
  })

  it('are gathered for the delay', async () => {
    await using watching = new Watching()
    await watching.start({ delayMs: 2000 })
    const from = performance.now()
    watching.write('a.js')
    await wait(20)
    watching.write('b.js')
    await watching.untilSeen('a.js', 'b.js')
    expect(watching.calls).toHaveLength(1)
    expect(performance.now() - from).toBeGreaterThan(2010)
  })
})
