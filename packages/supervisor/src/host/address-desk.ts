import type { ErrorSummary } from '../core/failure.ts'
import { describeAddress } from '../protocol/address.ts'
import type { ListenQuery, Message } from '../protocol/messages.ts'
import { openActivated } from './activation.ts'
import type { SocketHandle } from './bound-socket.ts'
import { Listeners, type Binding, type ListenerReport } from './listeners.ts'
import { giveSocket } from './socket-owner.ts'
import type { Warning } from './warnings.ts'
import type { WorkerProcess } from './worker-process.ts'

type ListenMessage = Extract<Message, { readonly type: 'listen' }>

/**
 * How long other workers wait for an answer once one has been told that an address is not to be had. An app that can't
 * do without it ends within this time, and says so once instead of from every worker.
 */
const REFUSAL_HEAD_START_MS = 500

/** How long the keys of TLS session tickets are used: RFC 8446 (section 4.6.1) lets no ticket live longer than a week. */
const TICKET_KEYS_MS = 24 * 60 * 60 * 1000

/** Answers the workers that ask for an address, each with its copy of the socket or with a refusal. */
export class AddressDesk {
  readonly listeners: Listeners
  readonly #refusedAt = new Map<string, number>()
  /** Unix sockets whose files have their owner. */
  readonly #given = new WeakSet<SocketHandle>()
  readonly #report: (report: ListenerReport | Warning) => void
  readonly #rotation: NodeJS.Timeout

  /** `activatedFds`: sockets that systemd has passed on. `onTicketKeys` is told keys that all workers are to use. */
  constructor(
    activatedFds: readonly number[],
    report: (report: ListenerReport | Warning) => void,
    onTicketKeys: (ticketKeys: string) => void,
  ) {
    this.#report = report
    this.listeners = new Listeners(openActivated(activatedFds), activatedFds, report)
    this.#rotation = setInterval(() => {
      this.listeners.rotateTicketKeys()
      onTicketKeys(this.listeners.ticketKeys)
    }, TICKET_KEYS_MS).unref()
  }

  /** Lets go of all addresses. */
  close(): void {
    clearInterval(this.#rotation)
    this.listeners.close()
  }

  /**
   * Answers one worker, which belongs to this generation. `onRefused` is told why an address is not to be had, just
   * before the worker is.
   */
  async answer(
    worker: WorkerProcess,
    generation: number,
    { request, query, isHttp, isInherited }: ListenMessage,
    onRefused: (error: ErrorSummary) => void,
  ): Promise<void> {
    if (isInherited) return this.listeners.claim(query, generation)
    const binding = await this.listeners.get(query, generation, isHttp)
    if (binding.kind === 'bound') {
      this.#give(binding.handle, query, worker)
      const ticketKeys = isHttp ? null : this.listeners.ticketKeys
      worker.order({ type: 'bound', request, errno: null, ticketKeys })
      worker.sendHandle(request, binding.handle)
      return
    }
    // The supervisor stops, and so does the worker: an error would only be one more for the app to stumble over.
    if (binding.errno === 'ECANCELED') return
    const address = describeAddress(query)
    await this.#giveHeadStart(address)
    onRefused(refusal(binding, address))
    worker.order({ type: 'bound', request, errno: binding.errno, ticketKeys: null })
  }

  /** Once, and before anybody can listen: later the path may lead to something else. */
  #give(handle: SocketHandle, { address, addressType }: ListenQuery, { socketOwner }: WorkerProcess): void {
    if (addressType !== -1 || address === null || socketOwner === null || this.#given.has(handle)) return
    this.#given.add(handle)
    const text = giveSocket(address, socketOwner)
    if (text !== null) this.#report({ type: 'warning', code: 'SUPERVISOR_SOCKET_OWNER', text })
  }

  async #giveHeadStart(address: string): Promise<void> {
    const now = performance.now()
    const since = this.#refusedAt.get(address)
    if (since === undefined || now - since > REFUSAL_HEAD_START_MS) {
      this.#refusedAt.set(address, now)
      return
    }
    await new Promise((resolve) => setTimeout(resolve, since + REFUSAL_HEAD_START_MS - now).unref())
  }
}

function refusal({ errno, isOwn }: Extract<Binding, { readonly kind: 'refused' }>, address: string): ErrorSummary {
  return { name: 'Error', message: `bind ${errno} ${address}`, code: isOwn ? 'OWN_ADDRESS' : errno }
}
