import { canBind } from './bound-socket.ts'
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
    const text = `this Node (${process.version}) lacks what sockets are held by: node:cluster distributes the connections`
    warnings.push({ type: 'warning', code: 'SUPERVISOR_NO_SEAM', text })
  }
  if (areWorkersRoot) {
    const text =
      'the workers run as root, and with them whatever gets into the app. --user makes them somebody else, also on a ' +
      'port below 1024; --user root says that this is meant'
    warnings.push({ type: 'warning', code: 'SUPERVISOR_RUNS_AS_ROOT', text })
  }
  return warnings
}

/** What has been warned of. All workers run the same app, so that each of them has the same to say. */
export class Warned {
  readonly #texts = new Set<string>()

  isNew({ code, text }: Omit<Warning, 'type'>): boolean {
    const warning = `${code} ${text}`
    return !this.#texts.has(warning) && this.#texts.add(warning) !== undefined
  }
}
