import { summarize } from './statistics.ts'
import { layOut } from './table.ts'

/** One quantity, measured in every round on both sides. */
export interface Measured {
  readonly what: string
  readonly unit: 'ms' | 'MB'
  /** Values of the same round stand at the same place. */
  readonly peer: readonly number[]
  readonly own: readonly number[]
  /** How far the own value may lie above the peer's; null if nothing was promised. */
  readonly most: number | null
}

/** How the table is to be read. */
export const LEGEND =
  'Values: median of the rounds (and the middle half of them). Difference: median of the differences within a round,\n' +
  'and in brackets where it truly lies with 95 % certainty; a verdict that this leaves open is marked as uncertain.'

export function compare(peer: string, own: string, measured: readonly Measured[]): string {
  const head = ['', peer, own, 'difference', 'ratio', 'target', 'verdict']
  return layOut(head, measured.map(rowOf))
}

function rowOf({ what, unit, peer, own, most }: Measured): readonly string[] {
  const theirs = summarize(peer)
  const ours = summarize(own)
  const difference = summarize(own.map((value, round) => value - (peer[round] ?? Number.NaN)))
  return [
    `${what}, ${unit}`,
    spread(theirs.median, theirs.quartiles),
    spread(ours.median, ours.quartiles),
    `${signed(difference.median)} [${difference.bounds.map(signed).join(' .. ')}]`,
    `${(ours.median / theirs.median).toFixed(2)} x`,
    most === null ? '' : `at most +${most}`,
    most === null ? '' : verdict(difference.median, difference.bounds, most),
  ]
}

function verdict(value: number, [low, high]: readonly [number, number], most: number): string {
  const isOpen = low <= most && high > most
  return `${value <= most ? 'met' : 'MISSED'}${isOpen ? ', uncertain' : ''}`
}

function spread(value: number, [low, high]: readonly [number, number]): string {
  return `${value.toFixed(1)} (${low.toFixed(1)} .. ${high.toFixed(1)})`
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(1)}`
}
