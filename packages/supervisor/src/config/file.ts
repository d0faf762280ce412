import { readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, extname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { SupervisorError } from '../errors.ts'
import type { FileContents } from './sources.ts'

/** How long a config file may take to load. */
const PATIENCE_MS = 10_000

/** A config file that was loaded, and its path. */
export interface LoadedFile extends FileContents {
  readonly path: string
}

/**
 * Loads a config file. It is code of the user's: whatever it throws is told with its stack. A later `edition` is loaded
 * although the module has been before; what it imports is not.
 */
export async function loadConfigFile(path: string, edition = 1): Promise<LoadedFile> {
  const name = basename(path)
  const exported = extname(path) === '.json' ? readJson(path, name) : (await importFile(path, name, edition)).default
  if (typeof exported === 'object' && exported !== null && !Array.isArray(exported) && !isPromise(exported)) {
    return { name, path, values: { ...exported } }
  }
  throw refusal(
    `${name} exports ${nameOf(exported)}; it must export an object.`,
    'Write: export default { workers: 4 }',
  )
}

function isPromise(value: object): boolean {
  return 'then' in value && typeof value.then === 'function'
}

function nameOf(exported: unknown): string {
  if (exported === undefined) return 'nothing as its default'
  if (exported === null) return 'null'
  if (Array.isArray(exported)) return 'an array'
  return typeof exported === 'object' ? 'a promise' : `a ${typeof exported}`
}

function readJson(path: string, name: string): unknown {
  let text = ''
  try {
    text = readFileSync(path, 'utf8')
    return JSON.parse(text)
  } catch (error) {
    const position = /at position (?<position>\d+)/.exec(String(error))?.groups?.['position']
    const line = position === undefined ? '' : `:${text.slice(0, Number(position)).split('\n').length}`
    throw refusal(`${name}${line} could not be loaded: ${sentence(error)}`, 'Mend the JSON.')
  }
}

async function importFile(path: string, name: string, edition: number): Promise<{ readonly default?: unknown }> {
  if (/\.[cm]?ts$/.test(path) && !canStripTypes()) {
    throw refusal(
      `${name} is TypeScript, which Node ${process.versions.node} does not run by itself.`,
      'Use Node 22.18 or later, or name the file supervisor.config.js or .json.',
    )
  }
  const patience = new AbortController()
  try {
    const namespace: unknown = await Promise.race([import(addressOf(path, edition)), giveUp(patience.signal)])
    if (namespace === undefined) {
      const seconds = PATIENCE_MS / 1000
      throw refusal(`${name} was still being loaded after ${seconds} s.`, 'Look for an await that nothing settles.')
    }
    return namespace as { readonly default?: unknown }
  } catch (error) {
    if (error instanceof SupervisorError) throw error
    const hint = 'Mend the file, or name another with --config.'
    throw refusal(`${name} could not be loaded: ${sentence(error)}`, hint, inspect(error))
  } finally {
    patience.abort()
  }
}

function addressOf(path: string, edition: number): string {
  const url = pathToFileURL(path)
  if (edition === 1) return url.href
  url.searchParams.set('edition', String(edition))
  // A CommonJS module is known by its file alone.
  delete createRequire(path).cache[realpathSync(path)]
  return url.href
}

/** Nothing, after a while. The timer also keeps Node from ending when nothing else is left to wait for. */
async function giveUp(signal: AbortSignal): Promise<undefined> {
  await wait(PATIENCE_MS, undefined, { signal }).catch(() => {})
}

/** Whether this Node runs TypeScript: `process.features.typescript`, since 22.10. */
function canStripTypes(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript)
}

function sentence(error: unknown): string {
  const whole = error instanceof Error ? `${error.name}: ${error.message}` : `it threw ${inspect(error)}`
  const [text = ''] = whole.split('\n')
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function refusal(message: string, hint: string, detail?: string): SupervisorError {
  return new SupervisorError('SUPERVISOR_CONFIG_NOT_LOADED', message, hint, detail)
}
