import assert from 'node:assert/strict'
import type { Effect } from '../../packages/supervisor/src/core/effect.ts'
import type { Event } from '../../packages/supervisor/src/core/event.ts'
import type { Owner } from '../../packages/supervisor/src/core/owners.ts'
import type { Report, ReloadReport } from '../../packages/supervisor/src/core/report.ts'
import type { Role, Settings, State, WorkerId } from '../../packages/supervisor/src/core/types.ts'
import { isInService, takesConnections, type Process } from './process.ts'
import type { World } from './world.ts'

/** Holds what the core orders against the promises of reloads, recycling and liveness. */
export class Judge {
  /** Whether a reload was asked for of which nobody has heard the end. */
  isReloading = false
  readonly told: Record<ReloadReport['type'], number> = {
    'reload-asked': 0,
    'reload-superseded': 0,
    'reload-started': 0,
    'reload-rolling': 0,
    reloaded: 0,
    'reload-failed': 0,
    drift: 0,
  }
  readonly #world: World
  #before: State | null = null
  /** Who takes connections in, as the workers were told last. */
  #owners: readonly Owner[] = []

  constructor(world: World) {
    this.#world = world
  }

  get settingsBefore(): Settings {
    return this.#before?.settings ?? this.#world.state.settings
  }

  roleBefore(worker: WorkerId): Role | undefined {
    return this.#before?.workers.find(({ id }) => id === worker)?.role
  }

  begin(before: State): void {
    this.#before = before
  }

  inspect(process: Process): void {
    const { timeoutMs } = process.settings
    const silentMs = this.#world.now - (process.beatAt ?? Infinity)
    assert.ok(timeoutMs > 0 && silentMs >= timeoutMs, `who was heard ${silentMs} ms ago is not looked at`)
    assert.equal(process.order, 'none', 'who leaves is not listened for')
    process.inspections += 1
  }

  unready(process: Process): void {
    assert.ok(!process.isUnready && process.order === 'none', 'it is said once, to those who serve')
    process.isUnready = true
  }

  note(effect: Extract<Effect, { readonly type: 'owners' | 'release-listeners' }>): void {
    if (effect.type === 'owners') {
      assert.notDeepStrictEqual(effect.owners, this.#owners, 'nothing is told twice')
      this.#owners = effect.owners
      return
    }
    const others = this.#all().filter((process) => process.generation !== effect.generation)
    assert.deepStrictEqual(others, [], 'addresses are held as long as anybody may want them')
  }

  hear(report: Report): void {
    if (report.type in this.told) this.told[report.type as ReloadReport['type']] += 1
    switch (report.type) {
      case 'reload-asked':
        this.isReloading = true
        return
      case 'reloaded':
      case 'reload-failed':
        assert.ok(this.isReloading, 'what ends was asked for')
        this.isReloading = false
        return
      case 'worker-forked':
        if (report.reason === 'recycle') this.#checkRecycle(report.worker)
        return
      case 'worker-draining':
        this.#world.find(report.worker).leaves = report.reason
        return this.#checkSuccession(this.#world.find(report.worker))
      default:
    }
  }

  end(before: State, event: Event, effects: readonly Effect[]): void {
    const { state } = this.#world
    for (const process of this.#all()) this.#checkAccepting(process)
    this.#checkOwners()
    if (before.generation !== state.generation) this.#checkSwitch(before)
    const isToldOf = effects.some((effect) => effect.type === 'report' && effect.report.type === 'reloaded')
    if (!isToldOf || event.type === 'reload' || !this.#world.isRunning || state.phase.kind === 'delaying') return
    const others = this.#all().filter((each) => each.generation !== state.generation && takesConnections(each))
    assert.deepStrictEqual(others, [], 'a reload has ended when the new generation alone accepts')
    const late = this.#all().filter((each) => each.mayAccept && each.order === 'none' && each.stage === 'ready')
    assert.deepStrictEqual(late, [], 'and all of it does that was let')
  }

  /** Each place at which somebody serves has one owner, who does; with an equal, as in a recycling, the newer one. */
  #checkOwners(): void {
    const { state } = this.#world
    const newest = new Map<number, Owner>()
    for (const { id, index } of state.settings.isSticky ? this.#all().filter((process) => isInService(process)) : []) {
      if (id > (newest.get(index)?.worker ?? 0)) newest.set(index, { index, worker: id })
    }
    const expected = [...newest.values()].toSorted((one, other) => one.index - other.index)
    assert.deepStrictEqual(this.#owners, expected, 'all know who takes connections in')
  }

  /** A worker of a new generation accepts in the switch, or in a rolling reload. */
  #checkAccepting({ id, generation }: Process): void {
    const { state } = this.#world
    if (!this.#isNew(id) || generation === state.generation) return
    const kind = state.rollout?.kind
    assert.ok(kind === 'rolling' || kind === 'rolling-back', 'no candidate accepts before the switch')
  }

  /** Whether the worker was let accept in this very step. */
  #isNew(id: WorkerId): boolean {
    const before = this.#before?.workers.find((worker) => worker.id === id)
    const after = this.#world.state.workers.find((worker) => worker.id === id)
    return before?.phase.kind === 'standby' && (after?.phase.kind === 'ready' || after?.phase.kind === 'accepting')
  }

  #checkSwitch(before: State): void {
    const { state } = this.#world
    const current = this.#all().filter(({ order }) => order === 'none')
    const serving = current.filter((process) => isInService(process)).map(({ index }) => index)
    assert.deepStrictEqual(
      serving.toSorted((one, other) => one - other),
      state.slots.map(({ index }) => index),
      'all of the new generation take over, in one step',
    )
    assert.ok(
      current.every(({ generation }) => generation === state.generation),
      'and nobody else stays',
    )
    const isRolling = before.rollout?.kind === 'rolling'
    if (isRolling) return
    const early = current.filter(({ id }) => !this.#isNew(id) && this.#before?.workers.some((each) => each.id === id))
    const justReady = before.workers.filter(({ phase }) => phase.kind === 'booting').map(({ id }) => id)
    assert.ok(
      early.every(({ id }) => justReady.includes(id)),
      'none of it has accepted before',
    )
  }

  #checkRecycle(worker: WorkerId): void {
    const { rollout, phase, drift } = this.#world.state
    assert.ok(rollout === null && phase.kind === 'serving', 'a reload renews everybody anyway')
    assert.ok(drift.kind === 'checked' && drift.changed.length === 0, 'a successor runs the same code')
    const others = this.#all().filter((process) => {
      if (process.id === worker) return false
      // One whose predecessor has gone by itself has its slot already.
      const state = this.#world.state.workers.find(({ id }) => id === process.id)
      return (state?.role === 'successor' && process.order === 'none') || process.leaves === 'recycled'
    })
    assert.deepStrictEqual(others, [], 'one worker is recycled at a time')
  }

  /** Whoever has to make room for another one has to have another one. */
  #checkSuccession({ id, index, generation, leaves, mayAccept }: Process): void {
    const { state } = this.#world
    if (!mayAccept || this.#world.hasFinished) return
    const others = this.#all().filter((process) => process.id !== id && process.index === index && isInService(process))
    if (leaves === 'recycled')
      assert.ok(
        others.some((each) => each.generation === generation && each.id > id),
        'capacity',
      )
    // Only a switch trusts in those that are ready: all of them at once.
    const isSwitch = state.generation !== this.#before?.generation && this.#before?.rollout?.kind !== 'rolling'
    const isWanted = index < state.slots.length && this.roleBefore(id) === 'serving'
    if (isWanted && (leaves === 'recycled' || !isSwitch)) assertAccepting(others, leaves)
    if (leaves !== 'reloaded' && leaves !== 'reload-failed') return
    assert.ok(!isWanted || others.some((each) => each.generation !== generation), 'capacity stays in a reload')
  }

  #all(): Process[] {
    return [...this.#world.processes.values()]
  }
}

function assertAccepting(others: readonly Process[], leaves: Process['leaves']): void {
  if (leaves !== 'recycled' && leaves !== 'reloaded' && leaves !== 'reload-failed') return
  assert.ok(
    others.some(({ stage }) => stage === 'accepting' || stage === 'failing'),
    'a successor accepts before anybody leaves for it',
  )
}
