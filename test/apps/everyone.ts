import type { AskOptions } from '../harness/client.ts'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'

/** How many ask at once: whoever is free accepts, so that one client alone might always meet the same worker. */
const AT_ONCE = 8

/** What an app answers that says at least who it is. */
export interface Facts {
  readonly pid: number
}

/** Asks until `count` different workers have answered, and returns the last answer of each. */
export async function everyone<T extends Facts>(count: number, question: () => Promise<T>): Promise<T[]> {
  const seen = new Map<number, T>()
  return until(`${count} different workers have answered`, async () => {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, question))
    for (const answer of answers) seen.set(answer.pid, answer)
    return seen.size >= count && [...seen.values()]
  })
}

/** The process ids behind an address whose app answers with them, in ascending order. */
export async function pidsBehind(count: number, options: AskOptions): Promise<number[]> {
  const found = await everyone(count, async () => ({ pid: Number(await bodyOf(options)) }))
  return ascending(found.map(({ pid }) => pid))
}

/** What an app answers as JSON. */
export async function factsOf<T extends Facts>(options: AskOptions): Promise<T> {
  return JSON.parse(await bodyOf(options)) as T
}

export function ascending(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b)
}

async function bodyOf(options: AskOptions): Promise<string> {
  const { result, body, error } = await ask(options)
  if (result !== 'ok') throw new Error(`the request ended as ${result}: ${error ?? body}`)
  return body
}
