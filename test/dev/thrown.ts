import { execFileSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import type { BootFailure, ErrorSummary } from '../../packages/supervisor/src/core/failure.ts'

/** What Node itself says when it imports a file that can't be imported. */
export function thrownBy(file: string): ErrorSummary {
  const source = `
    import { inspect } from 'node:util'
    try { await import(${JSON.stringify(pathToFileURL(file).href)}) }
    catch (e) {
      console.log(JSON.stringify({ name: e.name, message: e.message, code: e.code, stack: inspect(e).slice(0, 8192) }))
    }`
  const args = ['--input-type=module', '--eval', source]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', stdio: 'pipe' })) as ErrorSummary
}

export function notLoaded(error: ErrorSummary): BootFailure {
  return { kind: 'not-loaded', error }
}

export function threw(error: ErrorSummary): BootFailure {
  return { kind: 'threw', error }
}
