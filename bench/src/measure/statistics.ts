/** A set of measured values: the one in the middle, and how far the others are spread. */
export interface Summary {
  readonly median: number
  /** A quarter of the values lies below the first, a quarter above the second. */
  readonly quartiles: readonly [number, number]
  /** Where the true median lies, with a certainty of at least 95 %. */
  readonly bounds: readonly [number, number]
}

export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    quartiles: [quantile(sorted, 0.25), quantile(sorted, 0.75)],
    bounds: boundsOfMedian(sorted),
  }
}

export function median(values: readonly number[]): number {
  return summarize(values).median
}

function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position % 1)
}

/**
 * Every value lies above the true median as likely as below it, so how many lie below follows a binomial distribution,
 * whatever the values' own one is. The bounds leave out as many values on each side as chance does in 2.5 % of cases.
 */
function boundsOfMedian(sorted: readonly number[]): readonly [number, number] {
  const count = sorted.length
  let leftOut = 0
  let probability = 0.5 ** count
  for (let sum = probability; sum <= 0.025; sum += probability) {
    leftOut++
    probability *= (count - leftOut + 1) / leftOut
  }
  const first = Math.max(0, leftOut - 1)
  return [sorted[first] ?? Number.NaN, sorted[count - 1 - first] ?? Number.NaN]
}
