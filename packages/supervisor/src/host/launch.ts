import { inspectArgs, isInspectOption, withoutInspect } from '../protocol/inspection.ts'
import { AGENT_TOKEN, WORKER_GENERATION, WORKER_INDEX } from '../protocol/names.ts'
import type { Order } from '../protocol/orders.ts'
import { canBind } from './bound-socket.ts'
import type { HostSettings } from './host-settings.ts'
import type { Launch } from './worker-process.ts'

const AGENT: string = new URL('../worker/agent.js', import.meta.url).href

/** What distinguishes one worker of a generation from the others. */
export interface Place {
  readonly index: number
  readonly generation: number
  readonly requestLimit: number | null
  /** Where the worker before it listened for debuggers, if the port was any that was free. */
  readonly debugPort?: number | undefined
}

/** How the process of a worker is started that boots at once. */
export function launchOf(settings: HostSettings, place: Place): Launch {
  const { env, ...launch } = spareLaunchOf(settings)
  const own = {
    // With the process rather than after it: the worker need not wait for its supervisor's next free moment.
    [AGENT_TOKEN]: JSON.stringify(goFor(settings, place)),
    [WORKER_INDEX]: String(place.index),
    [WORKER_GENERATION]: String(place.generation),
  }
  return { ...launch, env: { ...env, ...own } }
}

/** How the process of a worker is started that waits for go, and learns then which one it is. */
export function spareLaunchOf({ app, args, folder, nodeArgs, env, go }: HostSettings): Launch {
  const asked = [...process.execArgv, ...nodeArgs]
  const { NODE_OPTIONS: options } = process.env
  // In development a place keeps its port for debuggers, which Node itself would not let a spare leave free.
  const isDevelopment = go.development !== undefined
  const own = isDevelopment ? asked.filter((arg) => !isInspectOption(arg)) : asked
  const nodeOptions = isDevelopment && options !== undefined ? { NODE_OPTIONS: withoutInspect(options) } : {}
  const execArgv = [...own, ...inspectArgs(own, nodeOptions.NODE_OPTIONS ?? options), '--import', AGENT]
  const wait: Order = { type: 'wait', title: go.title.replace('worker', 'spare') }
  const variables = { ...newVariables(env), ...nodeOptions, [AGENT_TOKEN]: JSON.stringify(wait) }
  return { app, args, folder, execArgv, env: variables, sharesSockets: isDevelopment }
}

/** The order with which the worker of a place begins. */
export function goFor({ go }: HostSettings, { index, requestLimit, debugPort = 0 }: Place): HostSettings['go'] {
  const order = { ...go, requestLimit, accept: canBind() ? go.accept : 'cluster' } as const
  const inspect = go.development?.inspect ?? null
  if (inspect === null) return order
  // A port for each place, which stays the same.
  const port = inspect.port === 0 ? debugPort : inspect.port + index
  return { ...order, development: { inspect: { ...inspect, port } } }
}

/** What env files say, where the environment says nothing. */
function newVariables(env: HostSettings['env']): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => process.env[name] === undefined))
}
