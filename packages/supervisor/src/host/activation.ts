import { bindSocket, nameOfSocket, type SocketHandle, type SocketName } from './bound-socket.ts'

/** The first descriptor that systemd passes on: `SD_LISTEN_FDS_START` in sd_listen_fds(3). */
const FIRST_FD = 3

/**
 * The descriptors of the sockets that systemd has opened for this process (sd_listen_fds(3)); none if it hasn't, or if
 * the variables are left over from a parent that they were meant for.
 */
export function activatedFds(env: Readonly<NodeJS.ProcessEnv>, pid: number): number[] {
  const count = Number(env['LISTEN_FDS'])
  if (Number(env['LISTEN_PID']) !== pid || !Number.isInteger(count) || count < 1) return []
  return Array.from({ length: count }, (_, index) => FIRST_FD + index)
}

/** A socket that was passed on, ready to be handed to workers. */
export interface ActivatedSocket {
  readonly fd: number
  readonly handle: SocketHandle
  readonly name: SocketName
}

export function openActivated(fds: readonly number[]): ActivatedSocket[] {
  return fds.flatMap((fd) => {
    const handle = bindSocket({ address: null, port: null, addressType: null, fd, flags: 0 })
    return typeof handle === 'string' ? [] : [{ fd, handle, name: nameOfSocket(handle) }]
  })
}
