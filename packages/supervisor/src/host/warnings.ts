import { readFileSync } from 'node:fs'
import { DEFAULT_BACKLOG } from '../protocol/names.ts'
import { canBind } from './bound-socket.ts'
import { problemsOfTls } from './certificate.ts'
import type { HostSettings } from './host-settings.ts'

/** What is not as it should be, before anything has happened. */
export interface Warning {
  readonly type: 'warning'
  readonly code: string
  readonly text: string
}

/** What there is to warn of before the workers of these settings are forked. */
export function warningsOf({ go, areWorkersRoot }: HostSettings): Warning[] {
  const warnings: Warning[] = []
  if (!canBind() && go.accept !== 'cluster') {
    const lost = go.sticky === 'off' ? '' : ', in turn: --sticky has no effect'
    const text = `this Node (${process.version}) lacks what sockets are held by: node:cluster distributes the connections${lost}`
    warnings.push({ type: 'warning', code: 'SUPERVISOR_NO_SEAM', text })
  }
  if (areWorkersRoot) {
    const text =
      'the workers run as root, and with them whatever gets into the app. --user makes them somebody else, also on a ' +
      'port below 1024; --user root says that this is meant'
    warnings.push({ type: 'warning', code: 'SUPERVISOR_RUNS_AS_ROOT', text })
  }
  const backlog = go.http.limits.backlog ?? (go.app.mode === 'listen' ? 0 : DEFAULT_BACKLOG)
  const most = somaxconn()
  if (backlog > most) {
    const text =
      `the kernel lets ${most} connections wait for a worker, not ${backlog} (--backlog). Raise its limit, ` +
      `sysctl net.core.somaxconn=${backlog}, or lower the backlog`
    warnings.push({ type: 'warning', code: 'SUPERVISOR_BACKLOG_CUT', text })
  }
  for (const text of go.tls === null ? [] : problemsOfTls(go.tls, Date.now())) {
    warnings.push({ type: 'warning', code: 'SUPERVISOR_CERTIFICATE_DATES', text })
  }
  return warnings
}

/** To how many the kernel cuts a backlog down, without a word. */
function somaxconn(): number {
  try {
    return Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** What has been warned of. All workers run the same app, so that each of them has the same to say. */
export class Warned {
  readonly #texts = new Set<string>()

  isNew({ code, text }: Omit<Warning, 'type'>): boolean {
    const warning = `${code} ${text}`
    return !this.#texts.has(warning) && this.#texts.add(warning) !== undefined
  }
}
