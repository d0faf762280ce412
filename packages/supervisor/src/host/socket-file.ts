import { lstatSync, rmSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { takeLock } from './lock-file.ts'

/** The longest path that fits into a Unix socket's address (`sun_path`, less its final NUL). */
const LONGEST_SOCKET_PATH: number = process.platform === 'linux' ? 107 : 103

/** The result of taking a path: it is ours, or the errno's name why not. */
export type Taken =
  | { readonly kind: 'taken'; readonly release: () => void }
  | { readonly kind: 'refused'; readonly errno: string }

/**
 * Makes the way free for a Unix socket.
 *
 * A file that nobody listens behind is left over from a killed process and is removed; one that somebody answers on,
 * or that is no socket, is not touched. A supervisor that has bound, but whose workers still boot, does not answer
 * either: a lock file beside the socket, with its process id, tells the two apart.
 */
export async function takeSocketPath(path: string): Promise<Taken> {
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) return { kind: 'refused', errno: 'ENAMETOOLONG' }
  const lock = `${path}.lock`
  const refusal = takeLock(lock)
  if (refusal !== null) return { kind: 'refused', errno: refusal }
  const release = (): void => rmSync(lock, { force: true })
  const errno = await clearPath(path)
  if (errno === null) return { kind: 'taken', release }
  release()
  return { kind: 'refused', errno }
}

async function clearPath(path: string): Promise<string | null> {
  const found = lstatSync(path, { throwIfNoEntry: false, bigint: true })
  if (found === undefined) return null
  if (!found.isSocket()) return 'EEXIST'
  if (await isAnswered(path)) return 'EADDRINUSE'
  unlinkSync(path)
  return null
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true))
    // Only these say that nobody is there; a full queue, or a socket of another kind, says the contrary.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'))
    socket.once('close', () => socket.destroy())
    socket.once('connect', () => socket.destroy())
  })
}
