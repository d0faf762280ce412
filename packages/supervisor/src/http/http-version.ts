import type { Step } from './arrival.ts'
import { refuse } from './refusal.ts'

const OTHER_VERSION = { status: 505, text: 'HTTP Version Not Supported', headers: {} }

/**
 * Refuses who writes another version of HTTP into a request of HTTP/1.1: Node's parser also takes `HTTP/2.0` and `HTTP/0.9`,
 * and frameworks would believe it.
 */
export const refuseVersion: Step = (arrival) =>
  arrival.kind === 'stream' || arrival.request.httpVersionMajor === 1 ? 'passed' : refuse(arrival, OTHER_VERSION)
