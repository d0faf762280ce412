import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { Settings, WorkerId } from '../../packages/supervisor/src/core/types.ts'
import type { Verdict } from '../../packages/supervisor/src/core/verdict.ts'
import type { Process } from './process.ts'
import type { World } from './world.ts'

/** What the shell and the workers tell because they were asked, or because it is time. */

const ERROR = { name: 'SupervisorError', message: 'the configuration is no good' }
const VERDICTS: readonly Verdict[] = [
  { kind: 'stack', stack: 'at spin (app.js:1:1)', requests: [] },
  { kind: 'native' },
  { kind: 'debugged' },
  { kind: 'idle' },
  { kind: 'unavailable', why: 'the process does not answer' },
]

/** News that nobody has asked for, and that concern nobody. */
export const NOISE = (worker: WorkerId): Event[] => [
  { type: 'heartbeat', worker, requests: 1e9, rss: 1e12, loopDelayMs: 1e6 },
  { type: 'inspected', worker, verdict: { kind: 'native' } },
  { type: 'intake-closed', worker },
  { type: 'not-prepared', generation: 0, error: ERROR },
  { type: 'files-checked', generation: -1, changed: ['/app.js'] },
]

/** Answers what was asked first, in whatever way. Returns whether there was anything to answer. */
export function answer(world: World, detail: number): boolean {
  const settings = world.variants[detail % world.variants.length]
  return (
    (detail % 7 < 4 && answerPrepare(world, detail % 5 === 0 ? undefined : settings)) ||
    answerFiles(world, detail % 4 === 0 ? ['/app.js'] : []) ||
    answerInspection(world, VERDICTS[detail % VERDICTS.length] ?? { kind: 'native' })
  )
}

/** Answers what was asked first as well as can be. */
export function answerWell(world: World): boolean {
  const looked = [...world.processes.values()].find(({ inspections }) => inspections > 0)
  if (looked !== undefined) beat(world, looked, 0)
  return (
    answerPrepare(world, world.variants[0]) || answerFiles(world, []) || answerInspection(world, { kind: 'native' })
  )
}

function answerPrepare(world: World, settings: Settings | undefined): boolean {
  const generation = world.asked.prepare.shift()
  if (generation === undefined) return false
  const news: Event =
    settings === undefined
      ? { type: 'not-prepared', generation, error: ERROR }
      : { type: 'prepared', generation, settings }
  world.send(news)
  // Said twice is said once.
  world.sendLate(news)
  return true
}

function answerFiles(world: World, changed: readonly string[]): boolean {
  const generation = world.asked.files.shift()
  if (generation === undefined) return false
  world.send({ type: 'files-checked', generation, changed })
  return true
}

function answerInspection(world: World, verdict: Verdict): boolean {
  const process = [...world.processes.values()].find(({ inspections }) => inspections > 0)
  if (process === undefined) return false
  process.inspections -= 1
  process.looks += 1
  world.send({ type: 'inspected', worker: process.id, verdict })
  return true
}

/** A worker tells that it lives, and what it has used up: `detail` is 0 where that is nothing. */
export function beat(world: World, process: Process, detail: number): void {
  if (process.stage !== 'ready' && process.stage !== 'accepting') return
  const { maxRequests, maxMemory, maxLoopDelayMs } = process.settings
  if (detail > 0) process.requests += maxRequests
  for (let sample = 0; sample < (detail > 0 ? 3 : 1); sample++) {
    world.send({
      type: 'heartbeat',
      worker: process.id,
      requests: process.requests,
      rss: detail % 3 === 1 ? maxMemory + 1 : 0,
      loopDelayMs: detail % 3 === 2 ? maxLoopDelayMs + 1 : 0,
    })
  }
}

/** A worker that drains has stopped accepting, and says so. */
export function closeIntake(world: World, process: Process): boolean {
  if (process.order !== 'drain' || process.isIntakeClosed) return false
  process.isIntakeClosed = true
  world.send({ type: 'intake-closed', worker: process.id })
  return true
}
