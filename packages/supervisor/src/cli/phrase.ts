import type { WorkerName } from '../core/report.ts'
import type { LogLevel } from '../config/config.ts'

/** A report as a line of the log. */
export interface Line {
  readonly level: Exclude<LogLevel, 'silent'>
  readonly text: string
  /** More fields of the JSON line, beside those that name the worker. */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** A warning may come from a worker that has gone. */
type Nullable<T> = { readonly [Key in keyof T]: T[Key] | null }

export function name({ worker, pid, generation }: Nullable<WorkerName>): string {
  return `worker ${worker} (pid ${pid ?? '?'}, generation ${generation})`
}

export function count(workers: number): string {
  return workers === 1 ? '1 worker' : `${workers} workers`
}

export function soon(ms: number): string {
  return ms === 0 ? 'at once' : `in ${time(ms)}`
}

export function time(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`
}

/** The first few of a list that may be long. */
export function some(items: readonly string[]): string {
  const shown = items.slice(0, 3).join(', ')
  return items.length > 3 ? `${shown} and ${items.length - 3} more` : shown
}
