import type { Owner } from '../core/owners.ts'
import type { WorkerId } from '../core/types.ts'
import { ARRIVAL_MS, type ConnectionNews, type ConnectionOrder } from '../protocol/connection.ts'
import { ownerOf } from '../protocol/rendezvous.ts'
import type { Roster } from './roster.ts'
import type { OfferedConnection, WorkerProcess } from './worker-process.ts'

/** To how many workers a connection is sent before it stays where it is: who has accepted it waits no longer than that. */
const MOST_ATTEMPTS = 2

type Workers = Pick<Roster, 'ids' | 'order'> & { get(worker: WorkerId): { readonly process: Carrier } | undefined }
type Carrier = Pick<WorkerProcess, 'sendConnection' | 'withdrawConnection'>

/** A connection under way. Until `from` has let go of it, or has ended, `from` may serve it itself. */
interface Pass {
  readonly offered: OfferedConnection
  readonly from: WorkerId
  readonly tried: Set<WorkerId>
  isLetGo: boolean
  /** `sent`: waits for its arrival; `arrived`: waits for `from`; `nowhere`: who it was sent to ended meanwhile. */
  state:
    | { readonly kind: 'sent'; readonly to: WorkerId; readonly timer: NodeJS.Timeout }
    | { readonly kind: 'arrived'; readonly to: WorkerId }
    | { readonly kind: 'nowhere' }
}

/** Brings connections to the workers that their addresses belong to. protocol/connection.ts says how. */
export class Handover {
  readonly #roster: Workers
  readonly #passes = new Map<string, Pass>()
  /** Workers that let a connection wait: they are left out until they give a sign. */
  readonly #silent = new Set<WorkerId>()
  #owners: readonly Owner[] = []

  constructor(roster: Workers) {
    this.#roster = roster
  }

  /** Tells all workers who takes connections in from now on. */
  share(owners: readonly Owner[]): void {
    this.#owners = owners
    const indexes = owners.map(({ index }) => index)
    for (const worker of this.#roster.ids) {
      const own = owners.find((owner) => owner.worker === worker)?.index ?? null
      this.#roster.order(worker, { type: 'owners', indexes, own })
    }
  }

  /** A worker has accepted a connection that seems to be another one's. */
  offered(from: WorkerId, offered: OfferedConnection): void {
    // What a worker has sent may be read after its exit was seen.
    const isLetGo = this.#roster.get(from) === undefined
    const pass: Pass = { offered, from, tried: new Set(), isLetGo, state: { kind: 'nowhere' } }
    this.#passes.set(offered.id, pass)
    this.#send(pass)
  }

  told(worker: WorkerId, { id, say }: ConnectionNews): void {
    const pass = this.#passes.get(id)
    this.#silent.delete(worker)
    switch (say) {
      case 'arrived':
        return this.#arrived(worker, id, pass)
      case 'unwanted':
        if (pass !== undefined && isSentTo(pass, worker)) this.#send(pass)
        return
      case 'gone':
        if (pass?.from === worker) this.#letGo(pass)
        return
      case 'kept':
        if (pass?.from === worker) this.#end(pass)
    }
  }

  /** What a worker has not taken goes to another one; what it has not kept, it has let go of. */
  exited(worker: WorkerId): void {
    this.#silent.delete(worker)
    for (const pass of this.#passes.values()) {
      const wasSent = isSentTo(pass, worker)
      if (pass.state.kind === 'arrived' && pass.state.to === worker) pass.state = { kind: 'nowhere' }
      if (pass.from === worker) pass.isLetGo = true
      if (wasSent) this.#send(pass)
      else if (pass.isLetGo && pass.state.kind !== 'sent') this.#letGo(pass)
    }
  }

  #arrived(worker: WorkerId, id: string, pass: Pass | undefined): void {
    // It has come too late: by now the connection is somebody else's.
    if (pass === undefined || !isSentTo(pass, worker)) return this.#say(worker, id, 'forget')
    stopTimer(pass)
    pass.state = { kind: 'arrived', to: worker }
    if (pass.isLetGo) this.#letGo(pass)
    else this.#say(pass.from, id, 'let-go')
  }

  /** Who has accepted the connection has no part in it any more. */
  #letGo(pass: Pass): void {
    pass.isLetGo = true
    const { state } = pass
    if (state.kind !== 'arrived') return this.#send(pass)
    this.#say(state.to, pass.offered.id, 'take')
    this.#forget(pass)
  }

  /** Sends it to whom it belongs of those that have not failed it yet; if there is none, back to where it came from. */
  #send(pass: Pass): void {
    stopTimer(pass)
    const to = this.#targetOf(pass)
    if (to === null || (to === pass.from && !pass.isLetGo)) {
      if (!pass.isLetGo) this.#say(pass.from, pass.offered.id, 'keep')
      return this.#forget(pass)
    }
    pass.tried.add(to)
    pass.state = { kind: 'sent', to, timer: setTimeout(() => this.#late(pass, to), ARRIVAL_MS) }
    this.#roster.get(to)?.process.sendConnection(pass.offered)
  }

  #targetOf({ offered, tried }: Pass): WorkerId | null {
    if (tried.size >= MOST_ATTEMPTS) return null
    const able = this.#owners.filter(
      ({ worker }) => !tried.has(worker) && !this.#silent.has(worker) && this.#roster.get(worker) !== undefined,
    )
    const index = ownerOf(
      offered.address,
      able.map((owner) => owner.index),
    )
    return able.find((owner) => owner.index === index)?.worker ?? null
  }

  #late(pass: Pass, to: WorkerId): void {
    this.#silent.add(to)
    this.#withdraw(pass, to)
    this.#send(pass)
  }

  /** Who has accepted it serves it. */
  #end(pass: Pass): void {
    if (pass.state.kind !== 'nowhere') this.#withdraw(pass, pass.state.to)
    this.#forget(pass)
  }

  #withdraw({ offered: { id } }: Pass, to: WorkerId): void {
    const isOnItsWay = this.#roster.get(to)?.process.withdrawConnection(id) === false
    if (isOnItsWay) this.#say(to, id, 'forget')
  }

  /** The supervisor's own copy is of no use any more. If nobody has another one, this ends the connection. */
  #forget(pass: Pass): void {
    stopTimer(pass)
    this.#passes.delete(pass.offered.id)
    pass.offered.handle.close()
  }

  #say(worker: WorkerId, id: string, say: ConnectionOrder['say']): void {
    this.#roster.order(worker, { type: 'connection', id, say })
  }
}

function isSentTo({ state }: Pass, worker: WorkerId): boolean {
  return state.kind === 'sent' && state.to === worker
}

function stopTimer({ state }: Pass): void {
  if (state.kind === 'sent') clearTimeout(state.timer)
}
