import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { BootFailure, ErrorSummary } from '../../packages/supervisor/src/core/failure.ts'
import type { WorkerId } from '../../packages/supervisor/src/core/types.ts'
import { answer, answerWell, beat, closeIntake, NOISE } from './answers.ts'
import type { Process } from './process.ts'
import type { World } from './world.ts'

/** What may happen next in a world. `pick` decides who it happens to, and the details. */
export interface Move {
  readonly kind:
    | 'progress'
    | 'accident'
    | 'disaster'
    | 'signal'
    | 'late'
    | 'sleep'
    | 'wait'
    | 'scale'
    | 'stop'
    | 'reload'
    /** Something that the core has asked for is answered, for better or worse. */
    | 'answer'
    | 'good-answer'
    | 'beat'
    /** A worker has used up too much. */
    | 'exhaust'
  readonly pick: number
}

const ERROR: ErrorSummary = { name: 'Error', message: 'it broke', code: 'EBROKEN' }
const FAILURE: BootFailure = { kind: 'threw', error: ERROR }
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const
/** Around the times that something depends on. */
const WAITS_MS = [0, 1, 20, 80, 100, 249, 250, 500, 1000, 2000, 5000, 30_000, 60_000, 600_000] as const
const SCALES = [-1, 1, -2, 2, 0, -1000] as const

/** Lets the move happen, as far as it is possible now. */
export function make(world: World, { kind, pick }: Move): void {
  const process = choose([...world.processes.values()], pick)
  const detail = Math.floor(pick / 16)
  switch (kind) {
    case 'progress':
      if (process !== undefined) progress(world, process, detail)
      return
    case 'accident':
      if (process !== undefined) accident(world, process, detail)
      return
    case 'disaster':
      for (const each of world.processes.values()) if (each.stage !== 'forking') exit(world, each, 'SIGKILL')
      return
    case 'signal':
      if (process === undefined || process.stage === 'forking') return
      world.send({ type: 'signalled', worker: process.id, signal: choose(SIGNALS, detail) ?? 'SIGTERM' })
      return
    case 'late':
      return world.sendLate(lateNews(world, process, detail))
    case 'sleep':
      world.sleep()
      return
    case 'wait':
      world.now += choose(WAITS_MS, detail) ?? 0
      // The timer may be late, so that something else is seen first.
      if (pick % 2 === 0) world.send({ type: 'tick' })
      return
    case 'scale':
      world.send({ type: 'scale', by: choose(SCALES, detail) ?? 0 })
      return
    case 'reload':
      world.send({ type: 'reload', origin: 'test' })
      return
    case 'answer':
      return void answer(world, detail)
    case 'good-answer':
      return void answerWell(world)
    case 'beat':
      for (const each of world.processes.values()) if (pick % 4 !== 0 || each === process) beat(world, each, 0)
      return
    case 'exhaust':
      if (process !== undefined) beat(world, process, detail)
      return
    case 'stop':
      world.send({ type: 'stop', mode: pick % 2 === 0 ? 'graceful' : 'quick', origin: 'test' })
  }
}

/** Nothing goes wrong any more, until nothing is left to happen but that time passes. */
export function settle(world: World): void {
  for (let round = 0; round < 10_000; round++) {
    const hasMoved = [...world.processes.values()].some((process) => progress(world, process, 1))
    if (hasMoved || answerWell(world)) continue
    if (world.isCalm) return
    for (const process of world.processes.values()) beat(world, process, 0)
    // By then something may be due, and somebody have something to do.
    if ([...world.processes.values()].some((process) => progress(world, process, 1))) continue
    if (!world.sleep()) return
  }
  throw new Error('the world does not come to rest')
}

/** The next thing that a process does if all is well. Returns whether there is any. */
export function progress(world: World, process: Process, detail: number): boolean {
  const worker = process.id
  if (process.stage === 'forking') {
    process.stage = 'loading'
    world.send({ type: 'forked', worker, pid: 1000 + worker })
    return true
  }
  if (process.order === 'drain' && detail % 3 === 2 && closeIntake(world, process)) return true
  const isLeaving = process.order !== 'none' || process.stage === 'failing'
  if (isLeaving && (detail % 4 !== 0 || process.stage === 'failing')) {
    return exit(world, process, process.order === 'kill' ? 'SIGKILL' : 0)
  }
  const news = advance(process, detail)
  if (news === null) return false
  // What crosses the order to leave comes too late.
  if (isLeaving) world.sendLate(news)
  else world.send(news)
  return true
}

const LOADED = (worker: WorkerId): Event => ({ type: 'progress', worker, step: 'loaded', detail: null })

function advance(process: Process, detail: number): Event | null {
  const worker = process.id
  switch (process.stage) {
    case 'loading':
      // Not every app that listens lets its main module end first.
      process.stage = detail % 5 === 0 ? 'ready' : 'loaded'
      return process.stage === 'ready' ? { type: 'ready', worker } : LOADED(worker)
    case 'loaded':
      process.stage = 'ready'
      return { type: 'ready', worker }
    case 'ready':
      if (!process.mayAccept) return null
      process.stage = 'accepting'
      return { type: 'accepting', worker }
    case 'forking':
    case 'accepting':
    case 'failing':
      return null
  }
}

function accident(world: World, process: Process, detail: number): void {
  const worker = process.id
  if (process.stage === 'forking') {
    if (!process.isImmortal) world.send({ type: 'fork-failed', worker, error: ERROR })
    return
  }
  switch (detail % 6) {
    case 0:
      world.send({ type: 'refused', worker, error: ERROR })
      return
    case 1:
      world.send({ type: 'threw', worker, error: ERROR })
      return
    case 2:
      exit(world, process, choose(SIGNALS, detail) ?? 'SIGKILL')
      return
    case 3:
      exit(world, process, 'SIGKILL')
      return
    default:
      if (process.stage === 'accepting' || process.stage === 'failing') return void exit(world, process, 1)
      process.stage = 'failing'
      if (process.order === 'none') world.send({ type: 'failed', worker, failure: FAILURE })
      else world.sendLate({ type: 'failed', worker, failure: FAILURE })
  }
}

function exit(world: World, process: Process, how: number | string): boolean {
  if (process.isImmortal) return false
  const isCode = typeof how === 'number'
  world.send({ type: 'exited', worker: process.id, code: isCode ? how : null, signal: isCode ? null : how })
  return true
}

/** Something that was said before, or by nobody who lives, or too early to be true. */
function lateNews(world: World, process: Process | undefined, detail: number): Event {
  if (process !== undefined && detail % 2 === 0) {
    const repeated = choose(repeatable(process), Math.floor(detail / 2))
    if (repeated !== undefined) return repeated
  }
  const worker = choose([...world.gone, 0, -1, 1_000_000], detail) ?? 0
  return choose(allNews(worker), Math.floor(detail / 3)) ?? { type: 'start' }
}

function repeatable({ id: worker, stage, mayAccept }: Process): Event[] {
  const news: Event[] = []
  if (stage !== 'forking') news.push({ type: 'forked', worker, pid: 1000 + worker })
  if (stage === 'accepting' || !mayAccept) news.push({ type: 'accepting', worker })
  if (stage === 'ready' || stage === 'accepting') news.push(LOADED(worker), { type: 'ready', worker })
  if (stage === 'failing' || stage === 'accepting') news.push({ type: 'failed', worker, failure: FAILURE })
  return news
}

function allNews(worker: WorkerId): Event[] {
  return [
    { type: 'start' },
    { type: 'forked', worker, pid: 1 },
    { type: 'fork-failed', worker, error: ERROR },
    LOADED(worker),
    { type: 'ready', worker },
    { type: 'accepting', worker },
    { type: 'failed', worker, failure: FAILURE },
    { type: 'threw', worker, error: ERROR },
    { type: 'refused', worker, error: ERROR },
    { type: 'signalled', worker, signal: 'SIGTERM' },
    { type: 'exited', worker, code: 1, signal: null },
    ...NOISE(worker),
  ]
}

function choose<T>(from: readonly T[], pick: number): T | undefined {
  return from[pick % from.length]
}
