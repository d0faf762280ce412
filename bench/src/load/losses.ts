import { FAILURE_KINDS, type LoadResult } from './messages.ts'

/** How many of the requests failed, as cells of a table: all of them, then by kind. */
export const LOSS_TITLES: readonly string[] = ['failed', ...FAILURE_KINDS]

export function lossCells(results: readonly LoadResult[]): readonly string[] {
  const kinds = results.flatMap(({ failures }) => failures.map(({ kind }) => kind))
  const byKind = FAILURE_KINDS.map((kind) => kinds.filter((other) => other === kind).length)
  return [kinds.length, ...byKind].map((count) => count.toLocaleString('en'))
}

export function requestsOf(results: readonly LoadResult[]): number {
  return results.reduce((sum, { requests }) => sum + requests, 0)
}

export function failuresOf(results: readonly LoadResult[]): number {
  return results.reduce((sum, { failures }) => sum + failures.length, 0)
}
