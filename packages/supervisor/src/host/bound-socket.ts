import net from 'node:net'
import { getSystemErrorName } from 'node:util'

/*
 * The one place in the supervisor that touches a private interface of Node: `net._createServerHandle`, which
 * node:cluster uses for the same purpose. Public ways to bind also listen and accept, and the supervisor must never
 * accept: its copy of the socket is there so that the kernel's queue outlives every worker. Checked at start
 * (`canBind`); without it the workers fall back to node:cluster's own distribution.
 */
type CreateServerHandle = (
  address: string | null,
  port: number | null,
  addressType: number | null,
  fd: number | undefined,
  flags: number,
) => SocketHandle | number
const { _createServerHandle: createServerHandle } = net as unknown as {
  readonly _createServerHandle?: CreateServerHandle
}

/** libuv's handle of a bound socket. It can be sent over IPC. */
export interface SocketHandle {
  getsockname?(out: SocketName): number
  close(): void
}

export interface SocketName {
  address?: string
  port?: number
  family?: string
}

export function canBind(): boolean {
  return typeof createServerHandle === 'function'
}

/** What is bound: an address as `net.Server.listen` gives it to node:cluster. */
export interface Address {
  readonly address: string | null
  readonly port: number | null
  readonly addressType: number | null
  readonly fd: number | null
  readonly flags: number
}

/** Binds without listening. Returns the handle, or the errno's name. */
export function bindSocket({ address, port, addressType, fd, flags }: Address): SocketHandle | string {
  if (createServerHandle === undefined) return 'ENOSYS'
  const made = createServerHandle(address, port, addressType, fd ?? undefined, flags)
  if (typeof made === 'number') return getSystemErrorName(made)
  // libuv keeps "address in use" to itself until the handle is used: asking for the name brings it out.
  const error = made.getsockname?.({}) ?? 0
  if (error === 0) return made
  made.close()
  return getSystemErrorName(error)
}

/** The address that a handle is bound to; nothing for a Unix socket. */
export function nameOfSocket(handle: SocketHandle): SocketName {
  const name: SocketName = {}
  handle.getsockname?.(name)
  return name
}
