import { watch, type FSWatcher } from 'node:fs'
import { readdir } from 'node:fs/promises'

/** What tells that files have changed: events of the kernel, or looking again and again. */
export interface ChangeSource {
  /** Resolves when no later change can be missed. */
  start(): Promise<Count>
  /** These files count wherever they are. */
  watchAlso(files: readonly string[]): void
  end(): Promise<void>
}

export interface Count {
  readonly files: number
  readonly folders: number
}

export interface SourceEvents {
  readonly changed: (path: string) => void
  /** Something can't be watched; the rest is. */
  readonly trouble: (text: string) => void
  /** The source is of no use any more. */
  readonly failed: (error: unknown) => void
}

/** What is asked of the system; a test makes it refuse. */
export interface System {
  readonly watch: (folder: string, onEvent: (type: string, name: string | null) => void) => FSWatcher
  readonly readdir: (folder: string) => Promise<readonly Entry[]>
}

export interface Entry {
  readonly name: string
  isDirectory(): boolean
  isSymbolicLink(): boolean
}

export const SYSTEM: System = {
  watch: (folder, onEvent) => watch(folder, { persistent: false }, onEvent),
  readdir: async (folder) => readdir(folder, { withFileTypes: true }),
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** Whether the system has no room for more watches. */
export function isLimit(error: unknown): boolean {
  return ['ENOSPC', 'EMFILE', 'ENFILE', 'ENOMEM'].includes(codeOf(error))
}

/** Whether there is nothing in this place, or no folder. */
export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error))
}
