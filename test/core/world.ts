import assert from 'node:assert/strict'
import { initialState, nextDeadline } from '../../packages/supervisor/src/core/step.ts'
import type {
  Effect,
  Event,
  ForkReason,
  Report,
  Settings,
  State,
  WorkerId,
} from '../../packages/supervisor/src/core/types.ts'
import { checkedStep, isCurrent } from './checked-step.ts'

/** A process as it really is, which the core can only guess at. */
export interface Process {
  readonly id: WorkerId
  readonly index: number
  /** How far it has come by itself. A process that `fails` has said so, and exits sooner or later. */
  stage: 'forking' | 'loading' | 'loaded' | 'ready' | 'accepting' | 'failing'
  mayAccept: boolean
  order: 'none' | 'drain' | 'kill'
  /** Whether it was told again, by a quick stop, while it was leaving. */
  isHurried: boolean
  /** Not even SIGKILL ends it. */
  readonly isImmortal: boolean
}

/** What is known of a slot from what happened to its workers. */
interface Row {
  failures: number
  failedAt: number
}

/**
 * The operating system and the workers, simulated: it carries out what the core decides, holds it against what really
 * happened, and lets time pass. Whatever a process or an operator could do at a moment is a method here.
 */
export class World {
  state: State
  now = 0
  /** Processes that live, as far as the core can know. */
  readonly processes = new Map<WorkerId, Process>()
  /** Ids of which nothing can come any more, but late news. */
  readonly gone: WorkerId[] = []
  readonly counts = { closed: 0, finished: 0, serving: 0, steps: 0 }
  #lastId = 0
  /** Whether slots were kept filled before the event that is worked on. */
  #wasRunning = false
  readonly #rows = new Map<number, Row>()
  readonly #readySince = new Map<WorkerId, number>()
  readonly #isImmortal: (id: WorkerId) => boolean

  constructor(settings: Settings, seed: number, isImmortal: (id: WorkerId) => boolean = () => false) {
    this.state = initialState(settings, seed)
    this.#isImmortal = isImmortal
  }

  get hasFinished(): boolean {
    return this.counts.finished > 0
  }

  /** Whether slots are kept filled. */
  get isRunning(): boolean {
    return this.state.phase.kind === 'starting' || this.state.phase.kind === 'serving'
  }

  /** Lets the core decide on an event, and carries out what it wants. */
  send(event: Event): readonly Effect[] {
    const before = this.state
    this.#wasRunning = this.isRunning
    const { state, effects } = checkedStep(before, event, this.now)
    this.state = state
    this.counts.steps += 1
    if (this.hasFinished)
      assert.deepStrictEqual({ state, effects }, { state: before, effects: [] }, 'the end is the end')
    this.#takeFacts(event, before)
    for (const effect of effects) this.#perform(effect)
    assert.deepStrictEqual(
      state.workers.map(({ id }) => id),
      [...this.processes.keys()],
      'the core knows all processes that were forked and have not ended, and no others',
    )
    return effects
  }

  /** News that nobody is there to give any more: has to be the same as no news. */
  sendLate(event: Event): void {
    const tick = checkedStep(this.state, { type: 'tick' }, this.now)
    const effects = this.send(event)
    assert.deepStrictEqual({ state: this.state, effects }, tick, 'late news does nothing')
  }

  /** Sleeps until something is due, if it ever is. */
  sleep(): boolean {
    const deadline = nextDeadline(this.state)
    if (deadline === null) return false
    this.now = Math.max(this.now, deadline)
    this.send({ type: 'tick' })
    return true
  }

  /** What an event means for the processes, whatever the core makes of it. */
  #takeFacts(event: Event, before: State): void {
    if (!('worker' in event)) return
    const process = this.processes.get(event.worker)
    if (process === undefined) return
    const hasEnded = event.type === 'exited' || event.type === 'fork-failed'
    if (hasEnded) this.#forget(process.id)
    // Who was asked to leave does not become ready any more, and has not failed however it ends.
    const known = before.workers.find(({ id }) => id === process.id)
    if (known === undefined || !isCurrent(known)) return
    if (event.type === 'ready' && !this.#readySince.has(process.id)) this.#readySince.set(process.id, this.now)
    const hasFailed = event.type === 'failed' && known.phase.kind !== 'accepting'
    if (hasEnded || hasFailed) this.#countFailure(process)
  }

  #countFailure({ id, index }: Process): void {
    if (index >= this.state.slots.length) return
    const readySince = this.#readySince.get(id) ?? this.now
    const failures = this.now - readySince >= 60_000 ? 0 : (this.#rows.get(index)?.failures ?? 0)
    this.#rows.set(index, { failures: failures + 1, failedAt: this.now })
  }

  #forget(id: WorkerId): void {
    this.processes.delete(id)
    this.gone.push(id)
  }

  #perform(effect: Effect): void {
    assert.ok(!this.hasFinished, 'nothing follows the end')
    switch (effect.type) {
      case 'fork':
        return this.#fork(effect.worker, effect.index)
      case 'accept':
        return this.#accept(this.#find(effect.worker))
      case 'drain':
        return this.#drain(this.#find(effect.worker), effect)
      case 'kill':
        return this.#kill(this.#find(effect.worker))
      case 'close-listeners':
        this.counts.closed += 1
        return assert.equal(this.counts.closed, 1, 'the listeners are closed once')
      case 'finish':
        this.counts.finished += 1
        assert.equal(this.counts.closed, 1, 'the listeners are closed before the end')
        return assert.equal(this.processes.size, 0, 'nobody is left at the end')
      case 'report':
        return this.#hear(effect.report)
    }
  }

  #find(id: WorkerId): Process {
    const process = this.processes.get(id)
    assert.ok(process, `worker ${id} got an order, but it does not exist`)
    return process
  }

  #fork(id: WorkerId, index: number): void {
    assert.ok(id > this.#lastId, 'an id is never used again')
    assert.ok(this.isRunning && this.counts.closed === 0, 'nobody is forked in a stop')
    this.#lastId = id
    this.processes.set(id, {
      id,
      index,
      stage: 'forking',
      mayAccept: false,
      order: 'none',
      isHurried: false,
      isImmortal: this.#isImmortal(id),
    })
  }

  #accept(process: Process): void {
    assert.equal(process.stage, 'ready', 'only a worker that is ready may accept')
    assert.ok(process.order === 'none' && !process.mayAccept, 'a worker is let accept once, and not on its way out')
    process.mayAccept = true
  }

  #drain(process: Process, { mode, graceMs }: Extract<Effect, { readonly type: 'drain' }>): void {
    const { phase, settings } = this.state
    const wanted = this.counts.closed > 0 && phase.kind === 'stopping' ? phase.mode : 'graceful'
    assert.equal(mode, wanted, 'only a stop that is to be quick is in a hurry')
    if (process.order === 'drain') {
      assert.ok(mode === 'quick' && !process.isHurried, 'who leaves already is only told, once, that it is urgent now')
      assert.ok(graceMs <= settings.gracefulTimeoutMs, 'haste gives nobody more time')
      process.isHurried = true
      return
    }
    assert.equal(process.order, 'none', 'a worker is asked to leave once')
    assert.equal(graceMs, this.#readySince.has(process.id) ? settings.gracefulTimeoutMs : 0, 'time is for requests')
    process.order = 'drain'
  }

  #kill(process: Process): void {
    assert.equal(process.order, 'drain', 'a worker is killed once, and asked to leave before')
    process.order = 'kill'
  }

  #hear(report: Report): void {
    if (report.type === 'serving') {
      this.counts.serving += 1
      assert.equal(this.counts.serving, 1, 'serving is reported once')
    }
    if (report.type === 'worker-forked') this.#checkReason(report.index, report.reason)
    if (report.type === 'worker-abandoned') {
      assert.equal(this.#find(report.worker).order, 'kill', 'only a worker that was killed is given up')
      this.#forget(report.worker)
    }
    // Of a boot that takes too long the core is the first to know.
    if (report.type === 'worker-boot-failed' && report.failure.kind === 'timed-out') {
      this.#countFailure(this.#find(report.worker))
    }
    if (report.type === 'worker-exited' && report.restartInMs !== null) {
      // A boot deadline that is due at the very moment of an exit ends the start after the exit has been told.
      assert.ok(this.#wasRunning, 'in a stop nobody is announced')
      assert.ok(report.restartInMs >= 0 && report.restartInMs <= 30_000, `${report.restartInMs} ms is no delay`)
    }
    if (report.type === 'scaled') for (let index = report.to; index < report.from; index++) this.#rows.delete(index)
  }

  /** A slot whose workers keep failing waits before it tries again. */
  #checkReason(index: number, reason: ForkReason): void {
    if (reason !== 'crashed') return
    const row = this.#rows.get(index)
    assert.ok(row, 'only a worker that failed is replaced as one that did')
    const least = row.failures < 2 ? 0 : Math.floor(0.8 * Math.min(30_000, 100 * 2 ** (row.failures - 2)))
    const waited = this.now - row.failedAt
    assert.ok(waited >= least, `failure ${row.failures} in a row is answered only ${waited} ms later`)
  }
}
