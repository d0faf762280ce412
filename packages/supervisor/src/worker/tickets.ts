import type { Server } from 'node:net'
import type { SecureContextOptions, Server as TlsServer } from 'node:tls'

interface Keeper {
  /** Sets the server's keys without that counting as the app's choice. */
  readonly set: (keys: Buffer) => void
  isAppsChoice: boolean
  isSharing: boolean
}

/**
 * The session ticket keys of the app's TLS servers: sessions resume in any worker only if all have the same.
 *
 * Keys that the app chooses itself stay: by the option `ticketKeys`, or by `setTicketKeys()` once it listens. An earlier
 * call leaves no trace that could be found.
 */
export class Tickets {
  readonly #keepers = new Map<Server, Keeper>()

  /** Gives a server that is about to listen the keys of all workers. */
  share(server: Server, ticketKeys: string): void {
    if (!isTls(server) || server.ticketKeys !== undefined) return
    const keeper = this.#keepers.get(server) ?? this.#keep(server)
    if (keeper.isAppsChoice) return
    keeper.isSharing = true
    keeper.set(Buffer.from(ticketKeys, 'base64'))
  }

  /** Replaces the keys of all servers that share them. */
  replace(ticketKeys: string): void {
    for (const { set, isAppsChoice, isSharing } of this.#keepers.values()) {
      if (isSharing && !isAppsChoice) set(Buffer.from(ticketKeys, 'base64'))
    }
  }

  /** Lets a server keep the keys that node:cluster has given it. */
  keep(server: Server): void {
    if (isTls(server) && !this.#keepers.has(server)) this.#keep(server)
  }

  /** `setSecureContext()`, which brings a new certificate, would make up new keys, too: the old ones are set again. */
  #keep(server: TlsServer): Keeper {
    const { setTicketKeys, setSecureContext } = server
    const set = (keys: Buffer): void => {
      Reflect.apply(setTicketKeys, server, [keys])
    }
    const keeper: Keeper = { set, isAppsChoice: false, isSharing: false }
    server.setTicketKeys = (keys) => {
      keeper.isAppsChoice = true
      set(keys)
    }
    server.setSecureContext = (options: SecureContextOptions) => {
      const keys = server.getTicketKeys()
      Reflect.apply(setSecureContext, server, [options])
      if ('ticketKeys' in options && options.ticketKeys !== undefined) keeper.isAppsChoice = true
      if (!keeper.isAppsChoice) set(keys)
    }
    this.#keepers.set(server, keeper)
    return keeper
  }
}

function isTls(server: Server): server is TlsServer & { readonly ticketKeys?: Buffer } {
  return typeof (server as Partial<TlsServer>).setTicketKeys === 'function'
}

/** Whether a browser could be shown something there. */
export function isPlainHttp(server: Server): boolean {
  return 'keepAliveTimeout' in server && !('setTicketKeys' in server)
}
