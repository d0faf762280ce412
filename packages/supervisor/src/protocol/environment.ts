/**
 * Set for a worker and deleted as soon as it is read, so that nothing below the worker takes itself for one. Its value
 * is the order `go`, or anything else for a worker that is to wait for that order.
 */
export const AGENT_TOKEN = 'PREFORK_AGENT'
/** The worker's place, from 0; its replacement gets the same. */
export const WORKER_INDEX = 'SUPERVISOR_WORKER_INDEX'
/** Which version of the app the worker runs, from 1. */
export const WORKER_GENERATION = 'SUPERVISOR_WORKER_GENERATION'
