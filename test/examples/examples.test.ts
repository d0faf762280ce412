import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ascending, everyone, type Facts } from '../apps/everyone.ts'
import { ROOT } from '../harness/cli.ts'
import { Readme } from './readme.ts'

/** What each example answers to the question in its README, besides which worker it was. */
const ANSWERS: Readonly<Record<string, object>> = {
  'plain-http': { method: 'GET', url: '/hello?from=me', address: '127.0.0.1' },
  express: { password: expect.stringMatching(/^\w{24}$/) },
  fastify: { zone: 'Europe/Lisbon', time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/) },
  koa: { sha256: createHash('sha256').update('a text').digest('hex') },
  hono: { from: '2026-01-01', to: '2026-12-24', days: 357 },
  typescript: { amount: expect.closeTo(42.165), unit: 'km' },
}

/** Those that do more than answer have a test file of their own. */
const OTHERS: readonly string[] = ['library', 'queue-consumer']

it('knows every example', () => {
  expect(readdirSync(`${ROOT}examples`).toSorted()).toEqual([...Object.keys(ANSWERS), ...OTHERS].toSorted())
})

it.each(Object.entries(ANSWERS))('%s runs as its README says, in two workers', async (example, answer) => {
  const readme = await Readme.of(example)
  await using cli = readme.run()
  await cli.line('serving')
  const answers = await everyone(2, () => factsOf(readme))
  for (const facts of answers) expect(facts).toMatchObject(answer)
  expect(ascending(answers.map(({ pid }) => pid))).toEqual(ascending(cli.workerPids))
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(cli.stderr).toBe('')
})

async function factsOf(readme: Readme): Promise<Facts> {
  const { result, body, error } = await readme.ask()
  if (result !== 'ok') throw new Error(`the request ended as ${result}: ${error ?? body}`)
  return JSON.parse(body) as Facts
}
