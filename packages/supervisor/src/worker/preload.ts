import { createRequire } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { constants, Script } from 'node:vm'
import type { Hooks } from '../config/hooks.ts'
import type { Order } from '../protocol/orders.ts'
import type { OwnFailure } from '../protocol/messages.ts'
import { summarize } from './boot-trap.ts'

type Go = Extract<Order, { readonly type: 'go' }>

/**
 * Runs what is to run before the app: modules given by `--require` and `--import`, then the hook `postFork`. The agent
 * does it rather than Node, so that what goes wrong is told once, and says which module it was. `begin` is called with each
 * of them before it runs: who hangs can't say so later.
 */
export async function preload(
  { requires, imports, hooksFile }: Go['preload'],
  begin: (what: string) => void = () => {},
): Promise<OwnFailure | null> {
  const attempt = (what: string, run: () => unknown): Promise<OwnFailure | null> => {
    begin(what)
    return attemptTo(what, run)
  }
  const require = createRequire(join(process.cwd(), 'noop.js'))
  for (const module of requires) {
    const failure = await attempt(`--require ${module}`, () => require(module) as unknown)
    if (failure !== null) return failure
  }
  for (const module of imports) {
    const failure = await attempt(`--import ${module}`, () => importFromHere(module))
    if (failure !== null) return failure
  }
  return hooksFile === null ? null : attempt('the hook postFork', () => runPostFork(hooksFile))
}

async function attemptTo(what: string, run: () => unknown): Promise<OwnFailure | null> {
  try {
    await run()
    return null
  } catch (thrown) {
    const { message, stack, ...error } = summarize(thrown)
    return { kind: 'preload', what, error: { ...error, message: withoutUs(message), stack: withoutUs(stack ?? '') } }
  }
}

/** It was not this file, or the stand-in for one in the working directory, that wanted the module. */
function withoutUs(text: string): string {
  return text.replaceAll(/ imported from \S*\/(worker\/preload\.js|noop\.mjs)|\nRequire stack:\n- \S*\/noop\.js/g, '')
}

/** Imports as a module in the working directory would, which is how `node --import` resolves. */
async function importFromHere(module: string): Promise<unknown> {
  if (/^(file|node|data):/.test(module)) return import(module)
  if (isAbsolute(module) || /^\.{1,2}\//.test(module)) return import(pathToFileURL(resolve(module)).href)
  const load = await importer()
  return load(module)
}

/**
 * Names of packages are looked up from the working directory, under the conditions of `import`: only a script that says
 * it is there can do so. Node warns of that once, in each worker, which is nothing to the user.
 */
async function importer(): Promise<(module: string) => Promise<unknown>> {
  const emitWarning = process.emitWarning
  process.emitWarning = () => {}
  try {
    const script = new Script('(module) => import(module)', {
      filename: join(process.cwd(), 'noop.mjs'),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    })
    const load = script.runInThisContext() as (module: string) => Promise<unknown>
    await load('node:process')
    return load
  } finally {
    process.emitWarning = emitWarning
  }
}

async function runPostFork(file: string): Promise<void> {
  const { default: config } = (await import(pathToFileURL(file).href)) as {
    readonly default: { readonly hooks: Hooks }
  }
  const index = Number(process.env['SUPERVISOR_WORKER_INDEX'])
  const generation = Number(process.env['SUPERVISOR_WORKER_GENERATION'])
  await config.hooks.postFork?.({ index, generation })
}
