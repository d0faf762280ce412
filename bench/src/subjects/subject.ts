import { fileURLToPath } from 'node:url'

export const WORKERS = 4

/** Something that runs an app in four workers, and can put new ones in their place. */
export interface Contender {
  readonly name: string
  /** Who takes seconds for a reload, or half a minute, is asked for fewer of them in each mode. */
  readonly mostReloads: number
  /** What is missing on this machine; null if nothing is. */
  missing(): Promise<string | null>
  /** Resolves once all workers listen, four if nothing is said. */
  start(port: number, workers?: number): Promise<Service>
}

/** A contender at work. */
export interface Service extends AsyncDisposable {
  /** The process whose children the workers are. */
  readonly pid: number
  readonly log: string
  /** Begins a reload, and waits until the contender itself calls it done; false if it never says so. */
  reload(): Promise<boolean>
}

export function path(fromBench: string): string {
  return fileURLToPath(new URL(`../../${fromBench}`, import.meta.url))
}

export const APP: string = path('peers/pid-app.mjs')
