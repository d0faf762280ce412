import { inspectArgs, isInspectOption, optionsIn, withoutInspect } from '../protocol/inspection.ts'
import { AGENT_TOKEN, WORKER_GENERATION, WORKER_INDEX } from '../protocol/names.ts'
import type { Order } from '../protocol/orders.ts'
import { canBind } from './bound-socket.ts'
import type { HostSettings } from './host-settings.ts'
import { ownerFor } from './socket-owner.ts'
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
  const go = goFor(settings, place)
  const own = {
    // With the process rather than after it: the worker need not wait for its supervisor's next free moment.
    [AGENT_TOKEN]: JSON.stringify(go.tls === null ? go : waitFor(settings, go.title)),
    [WORKER_INDEX]: String(place.index),
    [WORKER_GENERATION]: String(place.generation),
  }
  // But all processes of this user can read the environment, and one variable takes 128 kB at most: where there is a private
  // key, the process begins like a spare, and the order follows over the pipe.
  return { ...launch, env: { ...env, ...own }, ...(go.tls !== null && { order: go }) }
}

/** How the process of a worker is started that waits for go, and learns then which one it is. */
export function spareLaunchOf({ app, args, folder, nodeArgs, env, go }: HostSettings): Launch {
  const isDevelopment = go.development !== undefined
  const asked = [...process.execArgv, ...nodeArgs]
  const { NODE_OPTIONS: options } = process.env
  // In development a place keeps its port for debuggers, which Node itself would not let a spare leave free.
  const own = isDevelopment ? asked.filter((arg) => !isInspectOption(arg)) : asked
  const nodeOptions = isDevelopment && options !== undefined ? { NODE_OPTIONS: withoutInspect(options) } : {}
  const execArgv = [...own, ...inspectArgs(own, nodeOptions.NODE_OPTIONS ?? options), '--import', AGENT]
  const { rights } = go
  const wait = waitFor({ go }, go.title.replace('worker', 'spare'))
  const variables = { ...newVariables(env), ...nodeOptions, [AGENT_TOKEN]: JSON.stringify(wait) }
  const owner = rights !== undefined && { socketOwner: ownerFor(rights) }
  return { app, args, folder, execArgv, env: variables, sharesSockets: isDevelopment, ...owner }
}

function waitFor({ go }: Pick<HostSettings, 'go'>, title: string): Order {
  const { rights } = go
  return { type: 'wait', title, isDevelopment: go.development !== undefined, ...(rights !== undefined && { rights }) }
}

/** Options with which Node reads files before it comes to the agent; it takes underscores for dashes. */
const LOADING =
  /^(-r|--(require|import|(experimental[-_])?loader|env[-_]file([-_]if[-_]exists)?|experimental[-_](default[-_])?config[-_]file))(=|$)/

/**
 * Whether a process can start Node before it is known which worker it becomes, and when. Not if Node itself reads files of
 * the user's then, such as `--require ./tracing.js`: they may have changed by that time, or want to know which worker it
 * is. Nor if it takes a port for debuggers, who would find one that does nothing.
 */
export function canWait({ nodeArgs, env }: HostSettings): boolean {
  const options = optionsIn(process.env['NODE_OPTIONS'] ?? env['NODE_OPTIONS'])
  const all = [...process.execArgv, ...nodeArgs, ...options]
  return !all.some((option) => isLoading(option) || isInspectOption(option))
}

/** Whether an option has Node read a file before it comes to the agent, and so before the worker is who it is to be. */
export function isLoading(option: string): boolean {
  return LOADING.test(option)
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
