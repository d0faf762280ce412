import type { FSWatcher } from 'node:fs'
import { lstat, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { System } from './change-source.ts'

export interface WatchedFolder {
  readonly path: string
  readonly watcher: FSWatcher
  /** Which folder it is, should another one take its place. */
  readonly id: string
  /** The names that count, to tell which files are gone with the folder. */
  readonly files: Set<string>
  /** Whether what is below it is watched, too. */
  isRead: boolean
}

export interface Identity {
  /** A deleted folder's inode is soon taken again, hence the time of birth, where the file system has one. */
  readonly id: string
  readonly isFolder: boolean
  readonly isLink: boolean
}

/** Watches a folder, without what is below it. Null if it is none. */
export async function openFolder(
  system: System,
  folder: string,
  onEvent: (type: string, name: string | null) => void,
  onError: () => void,
): Promise<WatchedFolder | null> {
  const { id, isFolder } = await identity(folder)
  if (!isFolder) return null
  let isGone = false
  const watcher = system.watch(folder, (type, name) => {
    isGone ||= type === 'rename' && name === basename(folder)
    onEvent(type, name)
  })
  watcher.on('error', onError)
  try {
    // A folder above may have been moved meanwhile, of which this one is not told.
    const isSame = (await identity(folder)).id === id
    if (isSame && !isGone) return { path: folder, watcher, id, files: new Set(), isRead: false }
    watcher.close()
  } catch (error) {
    watcher.close()
    throw error
  }
  return openFolder(system, folder, onEvent, onError)
}

export async function identity(path: string): Promise<Identity> {
  const found = await lstat(path, { bigint: true })
  return {
    id: `${found.dev} ${found.ino} ${found.birthtimeNs}`,
    isFolder: found.isDirectory(),
    isLink: found.isSymbolicLink(),
  }
}

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
