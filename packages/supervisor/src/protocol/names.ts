/*
 * What a supervisor and its workers have agreed on beside their messages. Constants alone: a worker loads this file
 * before the app, and each file takes time.
 */

/**
 * Set for a worker and deleted as soon as it is read, so that nothing below the worker takes itself for one. Its value
 * is the order with which it begins: `go`, or `wait` for a process that is to become a worker later.
 */
export const AGENT_TOKEN = 'PREFORK_AGENT'
/** The worker's place, from 0; its replacement gets the same. */
export const WORKER_INDEX = 'SUPERVISOR_WORKER_INDEX'
/** Which version of the app the worker runs, from 1. */
export const WORKER_GENERATION = 'SUPERVISOR_WORKER_GENERATION'

/** The IPC message that carries a bound handle. The prefix keeps it away from the app's own `process.on('message')`. */
export const HANDLE_COMMAND = 'NODE_PREFORK_HANDLE'
/** The one that carries a connection to the worker that it belongs to. */
export const CONNECTION_COMMAND = 'NODE_PREFORK_CONNECTION'

/** Where the agent keeps what can be asked of it through the inspector: `globalThis[Symbol.for(AGENT_SYMBOL)]`. */
export const AGENT_SYMBOL = 'prefork.agent'
/** Where the way to close the inspector is kept: `globalThis[Symbol.for(INSPECTOR_SYMBOL)].close()`. */
export const INSPECTOR_SYMBOL = 'prefork.inspector'

/**
 * Keeps Node from writing "Debugger listening on ..." to the app's standard error when the supervisor opens the
 * inspector. It opens nothing. The agent takes it for the sign that the inspector's port is its own to choose.
 */
export const INSPECT_ARG = '--inspect-publish-uid=http'

/** How many connections may wait for an app that exports. gunicorn's and uvicorn's. */
export const DEFAULT_BACKLOG = 2048

/** setTimeout takes no longer delay than this. Here for want of a place that both sides load anyway. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1
