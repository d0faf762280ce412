import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import type { Order } from '../protocol/orders.ts'
import { filesLoadedInAdvance } from './loaded-files.ts'
import { isEsModule } from './loaded-modules.ts'
import { preload } from './preload.ts'
import { rehearse } from './rehearsal.ts'

type Warm = Extract<Order, { readonly type: 'warm' }>

/** Files up to this size are compiled as a whole; of what is larger, most is never run. */
const SMALL_BYTES = 256 * 1024

/** Of everything something: what strips the types is WebAssembly, each function of which is compiled when it is used. */
const SAMPLE = `import a, { type B } from "c"
interface D<T extends object = {}> { readonly e?: T; f(g: number): Promise<void> }
type H = keyof D | 'i'
export class J<K> implements D { private l: K[] = []; async f(g: number): Promise<void> { await (g as unknown as H) } }
export const n = async <O,>(p: O, ...q: B[]): Promise<O> => {
  try { return (p satisfies O)! } finally { for (const r of q) a(r, \`\${p}\`, { s: [1, /t/], ...q }) }
}
export function u({ v, w = 1 }: { v: string; w?: number }): asserts v is 'x' { if (v !== 'x' && !w) throw new Error('y') }`

/** What was found out while loading in advance. */
interface Findings {
  readonly failed: readonly string[]
  readonly isUsable: boolean
  readonly files: readonly string[]
}

/** A process that waits for its app, and loads in advance what the app will want. */
export class Warmth {
  readonly #ignore: Parameters<typeof rehearse>[0]
  readonly #require = nodeModule.createRequire(join(process.cwd(), 'noop.js'))
  readonly #failed: string[] = []
  readonly #loaded = new Set<string>()
  #preloading: Promise<boolean> | null = null
  /** One after the other: each has the environment to itself. */
  #last: Promise<unknown> = Promise.resolve()
  #hasTools = false
  #isOver = false
  #isUsable = true
  #restore: () => void = () => {}

  /** `ignore` is told of a server that is none of the app's. */
  constructor(ignore: Parameters<typeof rehearse>[0]) {
    this.#ignore = ignore
  }

  /** Loads what is not loaded yet. A module that can't be loaded is left to the app. */
  load(order: Warm): Promise<Findings> {
    const { requires, imports } = order
    this.#preloading ??= this.#preload(requires, imports)
    const findings = this.#last.then(() => this.#load(order))
    this.#last = findings
    return findings
  }

  /** First of all, as what is loaded later may watch what Node serves, and would take that for the app's doing. */
  async #preload(requires: readonly string[], imports: readonly string[]): Promise<boolean> {
    keepCompiled(true)
    await rehearse(this.#ignore)
    return (await preload({ requires, imports, hooksFile: null })) === null
  }

  async #load({ imports, loaded }: Warm): Promise<Findings> {
    if (!(await this.#preloading)) this.#isUsable = false
    if (!this.#isOver) this.#restore = changeEnvironment(loaded.env)
    try {
      for (const name of loaded.builtins) if (!this.#isOver) this.#loadBuiltin(name)
      for (const name of loaded.modules) if (!this.#isOver) await this.#loadModule(name)
    } finally {
      compileWhole(false)
      this.#restore()
    }
    if (!this.#isOver && !this.#hasTools) await startTools(imports)
    this.#hasTools = true
    return { failed: this.#failed, isUsable: this.#isUsable, files: filesLoadedInAdvance() }
  }

  /** The app is to be loaded now. Returns whether what comes before it has been. */
  async end(): Promise<boolean> {
    this.#isOver = true
    compileWhole(false)
    keepCompiled(false)
    this.#restore()
    return (await this.#preloading) === true
  }

  #loadBuiltin(name: string): void {
    try {
      process.getBuiltinModule(name)
    } catch {
      // Not one of those that there are for everybody.
    }
  }

  async #loadModule(name: string): Promise<void> {
    if (this.#loaded.has(name)) return
    this.#loaded.add(name)
    compileWhole(sizeOf(name) <= SMALL_BYTES)
    try {
      if (isAbsolute(name)) this.#require(name)
      else if (!this.#failed.some((failed) => pathToFileURL(failed).href === name)) await import(name)
    } catch {
      this.#failed.push(name)
      // `require` forgets what has failed; `import` would throw the same to the app.
      if (!isAbsolute(name)) this.#isUsable = false
    }
  }
}

/**
 * V8 compiles a function when it is called first, which for an app that has a framework start is half of the time that
 * its start takes. Here that costs nobody's time.
 */
function compileWhole(isWhole: boolean): void {
  setFlagsFromString(isWhole ? '--no-lazy' : '--lazy')
}

/** What has not run for a while V8 forgets, and compiles again: a spare has not run anything yet. */
function keepCompiled(isKept: boolean): void {
  setFlagsFromString(isKept ? '--no-flush-bytecode' : '--flush-bytecode')
}

function sizeOf(name: string): number {
  try {
    return statSync(isAbsolute(name) ? name : fileURLToPath(name)).size
  } catch {
    return 0
  }
}

/** What the app will have made of the environment, modules may read when they are loaded. Returns the way back. */
function changeEnvironment(env: Readonly<Record<string, string | null>>): () => void {
  const before = Object.keys(env).map((name) => [name, process.env[name] ?? null] as const)
  for (const [name, value] of Object.entries(env)) setVariable(name, value)
  return () => {
    for (const [name, value] of before.splice(0)) setVariable(name, value)
  }
}

function setVariable(name: string, value: string | null): void {
  if (value === null) delete process.env[name]
  else process.env[name] = value
}

/** Has TypeScript's way to run, whichever it is, do something: its start is what takes the time. */
async function startTools(imports: readonly string[]): Promise<void> {
  const main = process.argv[1] ?? ''
  // What an app that exports is served by.
  await import('./offer.ts')
  if (imports.some((name) => name.includes('/node_modules/tsx/'))) return runSample(main)
  if (/\.[cm]?ts$/.test(main)) stripSample()
}

function stripSample(): void {
  const { stripTypeScriptTypes } = nodeModule as { readonly stripTypeScriptTypes?: (code: string) => string }
  const { emitWarning } = process
  // That it is experimental, Node tells the app by itself, where it is.
  process.emitWarning = () => {}
  try {
    stripTypeScriptTypes?.(SAMPLE)
  } catch {
    // Then the app's own types take their time.
  }
  process.emitWarning = emitWarning
}

/** tsx keeps what it has translated, so that only what it has never seen makes it start esbuild. */
async function runSample(main: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'prefork-'))
  const isImported = isEsModule(main)
  const sample = join(folder, isImported ? 'sample.mts' : 'sample.cts')
  try {
    writeFileSync(sample, `export const sample: number = ${Math.random()}`)
    if (isImported) await import(pathToFileURL(sample).href)
    else nodeModule.createRequire(sample)(sample)
  } catch {
    // It is only to save time.
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
