import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { LoadedModules } from '../protocol/messages.ts'
import { OWN_FOLDER, pathOf, scripts } from './loaded-files.ts'

const PACKAGES = `${sep}node_modules${sep}`

/** A message on the control pipe has room for about so many characters. */
const MOST_CHARACTERS = 900_000

/** Modules of Node that warn when they are loaded, which is the app's to bring about. */
const WARNING_BUILTINS: readonly string[] = ['punycode', 'sqlite', 'wasi', 'sys', 'test']

type Cache = NodeJS.Dict<NodeJS.Module>

/**
 * What this process has loaded, for another one to load in advance. `before` is the environment as it was when the app
 * began to load.
 *
 * Neither ways of knowing costs an app anything while it boots, or changes how it loads, as hooks of the loader would:
 * `require` has a cache, and V8 tells the scripts.
 */
export function loadedModules(exclude: readonly string[], before: NodeJS.ProcessEnv): LoadedModules {
  const { cache } = createRequire(import.meta.url)
  const parents = parentsIn(cache)
  const left = leftOut(cache, parents, exclude)
  const modules = inOrder(cache, scripts()).flatMap((name) => {
    const path = pathOf(name)[0] ?? ''
    if (!isOfPackage(path) || left.has(path) || isNamed(path, exclude)) return []
    if (cache[path] === undefined) return [pathToFileURL(path).href]
    return mayBeImported(path, parents.get(path) ?? []) ? [path, pathToFileURL(path).href] : [path]
  })
  const builtins = loadedBuiltins()
  return fitting([...new Set(modules)], builtins, changes(before, process.env))
}

/** Whether a path is one of those that are named by their package, or a path in it. */
export function isNamed(path: string, names: readonly string[]): boolean {
  const inPackage = path.slice(path.lastIndexOf(PACKAGES) + PACKAGES.length).replaceAll(sep, '/')
  return names.some((name) => {
    const rest = inPackage.slice(name.length)
    return inPackage.startsWith(name) && (rest === '' || rest.startsWith('/') || /^\.[cm]?js(on)?$/.test(rest))
  })
}

function isOfPackage(path: string): boolean {
  return path.includes(PACKAGES) && !path.startsWith(OWN_FOLDER)
}

/** Scripts are in order, but some of what was required has left none: it follows what was required before it. */
function inOrder(cache: Cache, compiled: readonly string[]): string[] {
  const required = Object.keys(cache)
  const places = new Map(required.map((path, place) => [path, place]))
  const ordered: string[] = []
  let next = 0
  for (const name of compiled) {
    const place = places.get(pathOf(name)[0] ?? '')
    if (place === undefined) ordered.push(name)
    else while (next <= place) ordered.push(required[next++] ?? '')
  }
  return [...ordered, ...required.slice(next)]
}

type Parents = ReadonlyMap<string, readonly string[]>

/** By which files each file has been required. */
function parentsIn(cache: Cache): Parents {
  const parents = new Map<string, string[]>()
  for (const module of Object.values(cache)) {
    for (const { filename } of module?.children ?? []) {
      const known = parents.get(filename)
      if (known === undefined) parents.set(filename, [module?.filename ?? ''])
      else known.push(module?.filename ?? '')
    }
  }
  return parents
}

/** What is excluded, and all that requires it: to load that would load the other. */
function leftOut(cache: Cache, parents: Parents, exclude: readonly string[]): ReadonlySet<string> {
  const left = new Set(Object.keys(cache).filter((path) => isOfPackage(path) && isNamed(path, exclude)))
  // What is added to a set while it is walked is walked too.
  for (const path of left) for (const parent of parents.get(path) ?? []) left.add(parent)
  return left
}

/** CommonJS that other packages have required, or nobody: the loader of ES modules may have to know it too. */
function mayBeImported(path: string, parents: readonly string[]): boolean {
  const home = packageOf(path)
  return /\.c?js$/.test(path) && (parents.length === 0 || parents.some((parent) => packageOf(parent) !== home))
}

function packageOf(path: string): string {
  const start = path.lastIndexOf(PACKAGES)
  const [scope = '', name = ''] = path.slice(start + PACKAGES.length).split(sep)
  return join(path.slice(0, start), PACKAGES, scope, scope.startsWith('@') ? name : '')
}

/** Undocumented, but there since long; without it Node's own modules are loaded with the app, as fast as they are. */
function loadedBuiltins(): string[] {
  const list: unknown = (process as { readonly moduleLoadList?: unknown }).moduleLoadList
  if (!Array.isArray(list)) return []
  const names = list.map((entry) => /^NativeModule (?<name>.+)$/.exec(String(entry))?.groups?.['name'] ?? '')
  return names.filter((name) => /^[a-z][a-z\d_]*(\/promises)?$/.test(name) && !WARNING_BUILTINS.includes(name))
}

function changes(before: NodeJS.ProcessEnv, now: NodeJS.ProcessEnv): Readonly<Record<string, string | null>> {
  const names = new Set([...Object.keys(before), ...Object.keys(now)])
  const changed = [...names].filter((name) => before[name] !== now[name])
  return Object.fromEntries(changed.map((name) => [name, now[name] ?? null]))
}

/** The later modules are the first to be done without. */
function fitting(modules: readonly string[], builtins: readonly string[], env: LoadedModules['env']): LoadedModules {
  let room = MOST_CHARACTERS - JSON.stringify({ builtins, env }).length
  return { modules: modules.filter((name) => (room -= JSON.stringify(name).length + 1) >= 0), builtins, env }
}

/** Whether Node takes a file for an ES module, if its name or its package says so. */
export function isEsModule(path: string): boolean {
  if (/\.[cm][jt]s$/.test(path)) return /\.m[jt]s$/.test(path)
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      return (manifest as { readonly type?: unknown }).type === 'module'
    } catch {
      if (folder === dirname(folder)) return false
    }
  }
}
