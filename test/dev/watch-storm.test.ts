import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Watching } from './watching.ts'

const FOLDERS = ['a', 'b', 'a/x', 'a/y', 'b/x', 'b/x/z', 'a/x/x']
/** More of them in a soak, as each takes its time. */
const SEEDS = process.env['SOAK'] === undefined ? [1] : [1, 2, 3]
const ROUNDS = 12
const STEPS = 12

/** Numbers that look like chance, the same in every run. */
function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function step(watching: Watching, pick: (below: number) => number): void {
  const folder = watching.at(FOLDERS[pick(FOLDERS.length)] ?? '')
  const other = watching.at(FOLDERS[pick(FOLDERS.length)] ?? '')
  switch (pick(5)) {
    case 0:
      rmSync(folder, { recursive: true, force: true })
      break
    case 1:
      // Not everything can be moved everywhere.
      if (existsSync(folder) && !existsSync(other) && !other.startsWith(folder) && existsSync(`${other}/..`)) {
        renameSync(folder, other)
      }
      break
    default:
      mkdirSync(folder, { recursive: true })
      writeFileSync(`${folder}/f.js`, String(pick(1000)))
  }
}

it.each(SEEDS)(
  'folders that are deleted, made and moved over each other are all watched in the end (%i)',
  async (seed) => {
    await using watching = new Watching()
    const pick = chance(seed)
    await watching.start()
    for (let round = 0; round < ROUNDS; round += 1) {
      for (let index = 0; index < STEPS; index += 1) {
        step(watching, pick)
        if (pick(3) === 0) await wait(pick(4))
      }
      const files = FOLDERS.map((folder) => `${folder}/f.js`).filter((file) => existsSync(watching.at(file)))
      // A watch that is lost for good would not see the file however often it is written.
      for (const file of files) await watching.untilWatched(file)
      for (const file of files) writeFileSync(watching.at(file), 'once')
      await watching.untilSeen(...files)
      watching.forget()
    }
    expect(watching.troubles).toEqual([])
  },
)
