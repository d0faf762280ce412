import assert from 'node:assert/strict'
import { initialState, nextDeadline } from '../../packages/supervisor/src/core/step.ts'
import type { Effect } from '../../packages/supervisor/src/core/effect.ts'
import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { Report } from '../../packages/supervisor/src/core/report.ts'
import type { ForkReason, Settings, State, WorkerId } from '../../packages/supervisor/src/core/types.ts'
import { checkedStep, isCurrent } from './checked-step.ts'
import type { Process } from './process.ts'
import { Judge } from './judge.ts'

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
  readonly judge = new Judge(this)
  /** What was asked for and has not been answered yet: generations to be prepared, and whose files are looked at. */
  readonly asked = { prepare: [] as number[], files: [] as number[] }
  #lastId = 0
  /** Whether slots were kept filled before the event that is worked on. */
  #wasRunning = false
  readonly #rows = new Map<number, Row>()
  readonly #readySince = new Map<WorkerId, number>()
  /** What each generation was given. */
  readonly #settings = new Map<number, Settings>()
  readonly #isImmortal: (id: WorkerId) => boolean

  /** What a new generation may be given. */
  readonly variants: readonly Settings[]

  constructor(
    settings: Settings,
    seed: number,
    isImmortal: (id: WorkerId) => boolean = () => false,
    variants: readonly Settings[] = [settings],
  ) {
    this.variants = variants
    this.#settings.set(1, settings)
    this.state = initialState(settings, seed)
    this.#isImmortal = isImmortal
  }

  get hasFinished(): boolean {
    return this.counts.finished > 0
  }

  /** Whether slots are kept filled. */
  get isRunning(): boolean {
    const { kind } = this.state.phase
    return kind === 'starting' || kind === 'serving' || kind === 'delaying'
  }

  /** Whether all is as it should be, and nothing is under way. */
  get isCalm(): boolean {
    const { phase, rollout, slots } = this.state
    const processes = [...this.processes.values()]
    const allServe =
      processes.length === slots.length &&
      processes.every(({ stage, order }) => stage === 'accepting' && order === 'none')
    return phase.kind === 'serving' && rollout === null && allServe
  }

  /** Lets the core decide on an event, and carries out what it wants. */
  send(event: Event): readonly Effect[] {
    const before = this.state
    this.#wasRunning = this.isRunning
    if (event.type === 'prepared') this.#settings.set(event.generation, event.settings)
    const { state, effects } = checkedStep(before, event, this.now)
    this.state = state
    this.counts.steps += 1
    if (this.hasFinished)
      assert.deepStrictEqual({ state, effects }, { state: before, effects: [] }, 'the end is the end')
    this.#takeFacts(event, before)
    this.judge.begin(before)
    for (const effect of effects) this.#perform(effect)
    this.judge.end(before, event, effects)
    if (before.generation !== state.generation) this.#rows.clear()
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
    if (event.type === 'heartbeat') process.beatAt = this.now
    if (event.type === 'ready') process.beatAt ??= this.now
    const hasFailed = event.type === 'failed' && known.phase.kind !== 'accepting'
    if ((hasEnded || hasFailed) && known.role !== 'candidate') this.#countFailure(process)
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
        return this.#fork(effect)
      case 'fork-page':
        return assert.fail('in production nothing broken is shown')
      case 'reserve':
        assert.ok(this.#settings.has(effect.generation), 'spares are those of a generation that was made known')
        return assert.ok(effect.count === 0 || this.isRunning, 'nobody is kept waiting in a stop')
      case 'accept':
        return this.#accept(this.find(effect.worker))
      case 'drain':
        return this.#drain(this.find(effect.worker), effect)
      case 'kill':
        return this.#kill(this.find(effect.worker))
      case 'close-listeners':
        this.counts.closed += 1
        return assert.equal(this.counts.closed, 1, 'the listeners are closed once')
      case 'finish':
        this.counts.finished += 1
        assert.equal(this.counts.closed, 1, 'the listeners are closed before the end')
        return assert.equal(this.processes.size, 0, 'nobody is left at the end')
      case 'inspect':
        return this.judge.inspect(this.find(effect.worker))
      case 'unready':
        return this.judge.unready(this.find(effect.worker))
      case 'prepare':
        assert.equal(this.asked.prepare.length, 0, 'one generation is prepared at a time')
        this.asked.prepare.push(effect.generation)
        return
      case 'check-files':
        assert.equal(effect.generation, this.state.generation, 'the files that count are looked at')
        this.asked.files.push(effect.generation)
        return
      case 'owners':
      case 'release-listeners':
        return this.judge.note(effect)
      case 'report':
        return this.#hear(effect.report)
    }
  }

  find(id: WorkerId): Process {
    const process = this.processes.get(id)
    assert.ok(process, `worker ${id} got an order, but it does not exist`)
    return process
  }

  #fork({ worker: id, index, generation }: Extract<Effect, { readonly type: 'fork' }>): void {
    assert.ok(id > this.#lastId, 'an id is never used again')
    assert.ok((this.isRunning || this.#wasRunning) && this.counts.closed === 0, 'nobody is forked in a stop')
    this.#lastId = id
    this.processes.set(id, {
      id,
      index,
      generation,
      settings: this.#settings.get(generation) ?? this.state.settings,
      reason: 'boot',
      stage: 'forking',
      mayAccept: false,
      order: 'none',
      leaves: null,
      graceMs: 0,
      hurries: 0,
      isIntakeClosed: false,
      isUnready: false,
      beatAt: null,
      requests: 0,
      inspections: 0,
      looks: 0,
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
    if (process.order === 'drain') {
      // For want of room it is hurried once, and by a quick stop once more.
      assert.ok(mode === 'quick', 'who leaves already is only told that it is urgent now')
      assert.ok(graceMs <= Math.max(settings.gracefulTimeoutMs, process.graceMs), 'haste gives nobody more time')
      process.hurries += 1
      return assert.ok(process.hurries <= 2, 'nobody is hurried again and again')
    }
    const wanted = this.counts.closed > 0 && phase.kind === 'stopping' ? phase.mode : 'graceful'
    assert.equal(mode, wanted, 'only a stop that is to be quick is in a hurry')
    assert.equal(process.order, 'none', 'a worker is asked to leave once')
    const graces = [settings.gracefulTimeoutMs, this.judge.settingsBefore.gracefulTimeoutMs]
    if (this.#readySince.has(process.id)) assert.ok(graces.includes(graceMs), 'time is for requests')
    else assert.equal(graceMs, 0, 'who was never ready has no requests')
    process.order = 'drain'
    process.graceMs = graceMs
  }

  #kill(process: Process): void {
    assert.notEqual(process.order, 'kill', 'a worker is killed once')
    const isHung = process.order === 'none' && process.inspections + process.looks > 0
    assert.ok(isHung || process.order === 'drain', 'who is killed was asked to leave, or hangs and was looked at')
    process.order = 'kill'
  }

  #hear(report: Report): void {
    if (report.type === 'serving') {
      this.counts.serving += 1
      assert.equal(this.counts.serving, 1, 'serving is reported once')
    }
    this.judge.hear(report)
    if (report.type === 'worker-forked') {
      this.find(report.worker).reason = report.reason
      this.#checkReason(report.index, report.reason)
    }
    if (report.type === 'worker-hung' && this.judge.roleBefore(report.worker) !== 'candidate') {
      this.#countFailure(this.find(report.worker))
    }
    if (report.type === 'worker-abandoned') {
      assert.equal(this.find(report.worker).order, 'kill', 'only a worker that was killed is given up')
      this.#forget(report.worker)
    }
    // Of a boot that takes too long the core is the first to know.
    if (
      report.type === 'worker-boot-failed' &&
      report.failure.kind === 'timed-out' &&
      this.judge.roleBefore(report.worker) !== 'candidate'
    ) {
      this.#countFailure(this.find(report.worker))
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
