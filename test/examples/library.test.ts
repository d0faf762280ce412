import { expect, it } from 'vitest'
import { ascending, everyone, type Facts } from '../apps/everyone.ts'
import { isAlive } from '../harness/cli.ts'
import { until } from '../harness/until.ts'
import { Readme } from './readme.ts'

interface Throw extends Facts {
  readonly dice: readonly number[]
  readonly worker: number
}

it('library serves, shows and scales its workers, and stops them as its README says', async () => {
  const readme = await Readme.of('library')
  await using program = readme.run()
  await until('the program can be asked for its status', async () => (await readme.ask(2)).result === 'ok')

  const two = await everyone(2, () => thrown(readme))
  expect(ascending(two.map(({ worker }) => worker))).toEqual([0, 1])
  for (const { dice } of two) expect(dice).toHaveLength(3)
  const status = (await readme.ask(2)).body
  for (const { pid } of two) expect(status).toContain(String(pid))

  expect((await readme.ask(3)).status).toBe(202)
  const three = await everyone(3, () => thrown(readme))
  expect(ascending(three.map(({ worker }) => worker))).toEqual([0, 1, 2])
  for (const { pid } of three) expect(program.stdout).toContain(`worker-ready (${pid})`)

  program.signal('SIGTERM')
  expect(await program.exit()).toEqual({ code: 0, signal: null })
  expect(program.stdout).toMatch(/^serving$/m)
  expect(program.stdout).toMatch(/^stopped$/m)
  expect(program.stderr).toBe('')
  expect(three.map(({ pid }) => pid).filter(isAlive)).toEqual([])
})

it('library exits cleanly when it is stopped while it starts', async () => {
  await using program = (await Readme.of('library')).run()
  await until('a worker is forked', () => program.stdout.includes('worker-forked'))
  program.signal('SIGTERM')
  expect(await program.exit()).toEqual({ code: 0, signal: null })
  expect(program.stderr).toBe('')
})

it('library says what is wrong when its workers can not start', async () => {
  const readme = await Readme.of('library')
  await using first = readme.run()
  await until('the first one serves', async () => (await readme.ask()).result === 'ok')
  await using second = readme.run()
  expect(await second.exit()).toEqual({ code: 3, signal: null })
  expect(second.stderr).toContain('is in use by another process')
  first.signal('SIGTERM')
  expect(await first.exit()).toEqual({ code: 0, signal: null })
})

async function thrown(readme: Readme): Promise<Throw> {
  const { result, body, error } = await readme.ask()
  if (result !== 'ok') throw new Error(`the request ended as ${result}: ${error ?? body}`)
  return JSON.parse(body) as Throw
}
