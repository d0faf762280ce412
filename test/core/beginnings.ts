import * as fc from 'fast-check'
import type { Settings } from '../../packages/supervisor/src/core/types.ts'
import { make, settle, type Move } from './moves.ts'
import { NOTHING_SPECIAL } from './settings.ts'
import { World } from './world.ts'

/** How often each kind of move is made, compared with the others. */
export type Weights = Partial<Record<Move['kind'], number>>

export const ANYTHING: Weights = {
  progress: 120,
  accident: 16,
  disaster: 2,
  signal: 8,
  late: 16,
  sleep: 16,
  wait: 12,
  scale: 8,
  stop: 1,
  reload: 8,
  answer: 24,
  'good-answer': 24,
  beat: 24,
  exhaust: 12,
}

/** Few accidents, so that reloads come to their end. */
export const RELOADS: Weights = {
  progress: 160,
  accident: 3,
  signal: 4,
  late: 8,
  sleep: 10,
  wait: 2,
  scale: 5,
  reload: 6,
  answer: 4,
  'good-answer': 50,
  beat: 20,
  exhaust: 6,
}

export const plainSettings: fc.Arbitrary<Settings> = fc
  .record({
    workers: fc.integer({ min: 1, max: 4 }),
    bootTimeoutMs: fc.constantFrom(100, 1000, 60_000),
    gracefulTimeoutMs: fc.constantFrom(0, 500, 30_000),
    killTimeoutMs: fc.constantFrom(0, 300, 5000),
  })
  .map((each) => ({ ...NOTHING_SPECIAL, ...each }))

/** Each of the features is off as often as not. */
export const anySettings: fc.Arbitrary<Settings> = fc
  .record({
    plain: plainSettings,
    special: fc.record({
      canaryMs: fc.constantFrom(0, 0, 700, 20_000),
      maxSurge: fc.integer({ min: 1, max: 3 }),
      rolling: fc.boolean(),
      spares: fc.integer({ min: 0, max: 2 }),
      isSticky: fc.boolean(),
      shutdownDelayMs: fc.constantFrom(0, 0, 400, 10_000),
      timeoutMs: fc.constantFrom(0, 900, 30_000),
      maxRequests: fc.constantFrom(0, 100),
      maxRequestsJitter: fc.constantFrom(0, 20),
      maxAgeMs: fc.constantFrom(0, 0, 600_000),
      maxMemory: fc.constantFrom(0, 1000),
      maxLoopDelayMs: fc.constantFrom(0, 100),
      giveUpMs: fc.constantFrom(0, 0, 3000),
    }),
  })
  .map(({ plain, special }) => ({ ...plain, ...special }))

const IS_SOAK = process.env['SOAK'] !== undefined

/** So many runs in a soak, and a third of them otherwise. A slow machine makes fewer rather than none. */
export function often(numRuns: number): { numRuns: number; interruptAfterTimeLimit: number } {
  return { numRuns: IS_SOAK ? numRuns : Math.ceil(numRuns / 3), interruptAfterTimeLimit: IS_SOAK ? 30_000 : 8000 }
}

export function movesOf(weights: Weights, maxLength = 200): fc.Arbitrary<Move[]> {
  const kinds = Object.entries(weights) as [Move['kind'], number][]
  const kind = fc.oneof(...kinds.map(([kind, weight]) => ({ arbitrary: fc.constant(kind), weight })))
  return fc.array(fc.record({ kind, pick: fc.nat(65_535) }), { maxLength, size: 'max' })
}

/** How a world begins. */
export interface Beginning {
  /** Those of the first generation, and what a later one may be given. */
  readonly settings: readonly Settings[]
  readonly seed: number
  /** Every so many processes there is one that can't be killed; 0 for none. */
  readonly immortalEvery: number
  /** Whether the first workers serve already. */
  readonly isServing: boolean
}

export const beginnings: fc.Arbitrary<Beginning> = fc.record({
  settings: fc.oneof(
    fc.array(plainSettings, { minLength: 1, maxLength: 2 }),
    fc.array(anySettings, { minLength: 1, maxLength: 3 }),
  ),
  seed: fc.integer(),
  immortalEvery: fc.constantFrom(0, 0, 2, 5),
  isServing: fc.boolean(),
})

export function worldOf({ settings, seed, immortalEvery, isServing }: Beginning): World {
  const [first] = settings
  if (first === undefined) throw new Error('a world has settings')
  const world = new World(first, seed, (id) => immortalEvery > 0 && id % immortalEvery === 0, settings)
  world.send({ type: 'start' })
  if (isServing) settle(world)
  return world
}

export function worldAfter(beginning: Beginning, moves: readonly Move[]): World {
  const world = worldOf(beginning)
  for (const move of moves) make(world, move)
  return world
}
