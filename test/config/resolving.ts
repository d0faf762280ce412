import type { Config } from '../../packages/supervisor/src/config/config.ts'
import { resolveConfig, type Resolved } from '../../packages/supervisor/src/config/resolve.ts'
import type { Sources } from '../../packages/supervisor/src/config/sources.ts'
import { SupervisorError } from '../../packages/supervisor/src/errors.ts'

/** Sources, of which most tests need one or two. A file is named supervisor.config.js. */
export interface Said extends Partial<Omit<Sources, 'file'>> {
  readonly file?: Readonly<Record<string, unknown>>
  readonly app?: string | null
  readonly args?: readonly string[]
}

export function resolveAll({ app = 'app.js', args = [], file, ...sources }: Said = {}): Resolved {
  const contents = file === undefined ? null : { name: 'supervisor.config.js', values: file }
  return resolveConfig({ app, args }, { flags: {}, env: {}, activatedFds: [], ...sources, file: contents })
}

export function resolve(said: Said = {}): Config {
  return resolveAll(said).config
}

export function refusalOf(said: Said): SupervisorError {
  try {
    resolve(said)
  } catch (error) {
    if (error instanceof SupervisorError) return error
    throw error
  }
  throw new Error(`not refused: ${JSON.stringify(said)}`)
}
