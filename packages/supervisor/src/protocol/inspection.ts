import { INSPECT_ARG } from './names.ts'
import type { InspectAt } from './orders.ts'

/** The options in a text as NODE_OPTIONS has it. */
export function optionsIn(nodeOptions: string = ''): string[] {
  return nodeOptions.split(/[\s"]+/).filter(Boolean)
}

/** The same text without what asks for an inspector. */
export function withoutInspect(nodeOptions: string): string {
  return nodeOptions
    .split(/\s+/)
    .filter((option) => !optionsIn(option).some(isInspectOption))
    .join(' ')
}

/**
 * What to add to a worker's options for Node, so that it can be inspected without notice: nothing where the user has
 * arranged for an inspector, by an option or in NODE_OPTIONS.
 */
export function inspectArgs(execArgv: readonly string[], nodeOptions: string = ''): readonly string[] {
  const isArranged = execArgv.some(isInspectOption) || optionsIn(nodeOptions).some(isInspectOption)
  return isArranged ? [] : [INSPECT_ARG]
}

/** Node takes underscores for dashes. */
export function isInspectOption(arg: string): boolean {
  return /^--(inspect|debug[-_]port)/.test(arg)
}

const DEFAULT_PORT = 9229

/** Where options for Node ask for an inspector, so many ports further; null if they don't. */
export function inspectAt(args: readonly string[], offset: number): InspectAt | null {
  const options = args.flatMap((arg) => {
    const groups = /^--inspect(?<kind>-brk|-wait|[-_]port)?(?:=(?<at>.+))?$/.exec(arg)?.groups
    return groups === undefined ? [] : { kind: groups['kind'] ?? '', at: groups['at'] ?? '' }
  })
  if (options.every(({ kind }) => kind.endsWith('port'))) return null
  const waits = options.some(({ kind }) => kind === '-brk' || kind === '-wait')
  // As for Node, the last one counts.
  const { host = '127.0.0.1', port = DEFAULT_PORT } = parseAt(options.findLast(({ at }) => at !== '')?.at)
  return { host, port: port === 0 ? 0 : port + offset, waits }
}

/** `port`, `host` or `host:port`, as Node takes it. */
function parseAt(at: string = ''): { readonly host?: string; readonly port?: number } {
  const { host, port } = /^(?:(?<host>\[.*\]|[^:]*[^\d:][^:]*|\d+\.[\d.]+))?:?(?<port>\d+)?$/.exec(at)?.groups ?? {}
  return {
    ...(host !== undefined && { host: host.replace(/^\[|\]$/g, '') }),
    ...(port !== undefined && { port: Number(port) }),
  }
}
