import { expect, it } from 'vitest'
import { Loops } from '../../packages/supervisor/src/dev/loops.ts'

const OWN = '/app/app.mjs'
const WRITTEN = '/app/state.json'

function watched(): { readonly loops: Loops; readonly left: string[] } {
  const left: string[] = []
  return { loops: new Loops((file) => left.push(file)), left }
}

it('leaves out what changes after each of five starts, and says so once', () => {
  const { loops, left } = watched()
  const counted = Array.from({ length: 8 }, () => {
    loops.began()
    loops.served()
    return loops.filter([WRITTEN], [OWN])
  })
  expect(counted.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => [WRITTEN]))
  expect(counted.slice(5)).toEqual([[], [], []])
  expect(left).toEqual([WRITTEN])
})

it('never leaves out what the app has loaded, however often it is saved', () => {
  const { loops, left } = watched()
  for (let start = 0; start < 20; start++) {
    loops.began()
    loops.served()
    expect(loops.filter([OWN], [OWN])).toEqual([OWN])
  }
  expect(left).toEqual([])
})
