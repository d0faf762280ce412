import { existsSync } from 'node:fs'
import type { InspectorNotification } from 'node:inspector'
import { createRequire } from 'node:module'
import { isAbsolute, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** This package: what it loads is not the app's. */
export const OWN_FOLDER: string = fileURLToPath(new URL('../../', import.meta.url))

/** A message on the control pipe has room for about so many characters; nobody has that many files of his own. */
const MOST_CHARACTERS = 900_000
/** What a process can say in one go before it exits. */
const MOST_LAST_CHARACTERS = 100_000

/** A path as it stands in a stack, or at the head of a syntax error. */
const PATH_IN_STACK = /(?:file:\/\/)?\/[^\s():'"]+\.[cm]?[jt]sx?\b/g

/**
 * The files that the app has loaded, without those of packages.
 *
 * Only V8 knows of ES modules: a session of the inspector within this process lists the scripts, which opens no port,
 * prints nothing and leaves a debugger alone that is attached. JSON, and CommonJS files of which nothing but values is
 * left, are known to `require` only.
 */
export function loadedFiles(): string[] {
  return fitting([...new Set([...mainFile(), ...ownFiles()])], MOST_CHARACTERS)
}

/** The same of a process that has not been told to load its app yet. */
export function filesLoadedInAdvance(): string[] {
  return fitting(ownFiles(), MOST_CHARACTERS)
}

/** The files that an app has read which could not be loaded, its main one at least, and those that the error names. */
export function filesReadUntil(stack: string): string[] {
  const named = (stack.match(PATH_IN_STACK) ?? []).flatMap(pathOf).filter((path) => isOfApp(path) && existsSync(path))
  return fitting([...new Set([process.argv[1] ?? '', ...named, ...ownFiles()])], MOST_LAST_CHARACTERS)
}

/** It has been a file, also when it is none any more. */
function mainFile(): string[] {
  return pathOf(process.argv[1] ?? '').filter(isOfApp)
}

function ownFiles(): string[] {
  // These have been files, also when they are none any more; other scripts may be called as they like.
  const certain = Object.keys(createRequire(import.meta.url).cache).flatMap(pathOf)
  const others = scripts()
    .flatMap(pathOf)
    .filter((path) => existsSync(path))
  return [...new Set([...certain, ...others])].filter(isOfApp)
}

interface Script {
  readonly url: string
  /** What Node calls the script, whatever a comment in its source says. */
  readonly embedderName?: string
}

/** The names of all scripts, in the order in which they were compiled. */
export function scripts(): string[] {
  try {
    const { Session } = process.getBuiltinModule('node:inspector')
    const session = new Session()
    const found: string[] = []
    session.on('Debugger.scriptParsed', ({ params }: InspectorNotification<Script>) => {
      found.push(params.embedderName ?? params.url)
    })
    session.connect()
    session.post('Debugger.enable')
    session.post('Debugger.disable')
    session.disconnect()
    return found
  } catch {
    // A Node without the inspector, or one that is not allowed to use it: `require` tells part of it.
    return []
  }
}

/** A module's name may have a query, with which it is loaded once more. */
export function pathOf(name: string): string[] {
  if (isAbsolute(name)) return [name]
  if (!name.startsWith('file:')) return []
  try {
    return [fileURLToPath(name)]
  } catch {
    return []
  }
}

function isOfApp(path: string): boolean {
  return !path.includes(`${sep}node_modules${sep}`) && !path.startsWith(OWN_FOLDER)
}

function fitting(paths: readonly string[], most: number): string[] {
  let room = most
  return paths.filter((path) => (room -= JSON.stringify(path).length + 1) >= 0)
}
