import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Bursts } from '../../packages/supervisor/src/dev/bursts.ts'
import { until } from '../harness/until.ts'

describe('changes', () => {
  it('of one turn are told in one call, at the end of the turn, each file once', async () => {
    const calls: (readonly string[])[] = []
    const bursts = new Bursts(0, (paths) => calls.push(paths))
    for (const path of ['a', 'b', 'a']) bursts.add(path)
    expect(calls).toEqual([])
    await new Promise(setImmediate)
    expect(calls).toEqual([['a', 'b']])
  })

  it('that keep coming are told in lots, and none is left', async () => {
    const calls: (readonly string[])[] = []
    const bursts = new Bursts(0, (paths) => calls.push(paths))
    const from = performance.now()
    for (let index = 0; performance.now() - from < 400; index += 1) {
      bursts.add(String(index))
      await new Promise(setImmediate)
    }
    bursts.add('last')
    await until('the last is told', () => calls.flat().includes('last'))
    expect(calls.length).toBeLessThan(8 + (performance.now() - from) / 80)
  })

  it('with a delay are told once it is quiet, or after ten delays', async () => {
    const calls: number[] = []
    const from = performance.now()
    const bursts = new Bursts(20, () => calls.push(performance.now() - from))
    while (calls.length === 0) {
      bursts.add('a')
      await wait(1)
    }
    bursts.end()
    expect(calls[0]).toBeGreaterThan(15)
  })

  it('are not told after the end', async () => {
    const calls: unknown[] = []
    const bursts = new Bursts(0, (paths) => calls.push(paths))
    bursts.add('a')
    bursts.end()
    bursts.add('b')
    await new Promise(setImmediate)
    expect(calls).toEqual([])
  })
})
