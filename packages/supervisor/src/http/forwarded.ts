import type { Step } from './arrival.ts'
import type { Peers } from './peers.ts'
import { rawHeadersOf, removeHeaders } from './request-headers.ts'

const FORWARDED = /^(?:forwarded|x-real-ip|x-forwarded-.*)$/i

/**
 * Takes from who is not trusted what only a proxy may say, so that the app can't be lied to, whatever it believes. Who is
 * trusted is passed on as it came.
 */
export function removeForwarded(peers: Peers): Step {
  return (arrival) => {
    if (!peers.of(arrival).isTrusted && rawHeadersOf(arrival).some(isForwardedAt)) removeHeaders(arrival, isForwarded)
    return 'passed'
  }
}

function isForwardedAt(text: string, index: number): boolean {
  return index % 2 === 0 && isForwarded(text)
}

/** Most names do not even begin like that. */
function isForwarded(name: string): boolean {
  const first = name.charCodeAt(0) | 0x20
  return (first === 0x78 || first === 0x66) && FORWARDED.test(name)
}
