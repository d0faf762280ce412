import { lchownSync, lstatSync } from 'node:fs'
import type { Rights } from '../protocol/rights.ts'

/** Whose the files of Unix sockets are to be. */
export interface SocketOwner {
  readonly uid: number
  readonly gid: number
}

/** Who is to own the sockets of workers that are not what the supervisor is. */
export function ownerFor({ user, group }: Rights): SocketOwner {
  return { uid: user?.id ?? process.geteuid?.() ?? 0, gid: group }
}

/**
 * Gives the file of a Unix socket, which root has made, to whom the workers run as: a proxy in the same group can then be
 * let in by `--umask 007`. Returns what went wrong, if anything.
 */
export function giveSocket(path: string, { uid, gid }: SocketOwner): string | null {
  // An abstract socket (unix(7)) is no file.
  if (path.startsWith('\0')) return null
  try {
    // Never what a link leads to, which somebody may have put there.
    if (lstatSync(path).isSocket()) lchownSync(path, uid, gid)
    return null
  } catch (error) {
    return `the socket ${path} stays root's: ${(error as Error).message}. Who may connect is up to its rights`
  }
}
