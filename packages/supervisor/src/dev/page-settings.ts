import { fileURLToPath } from 'node:url'
import type { BootFailure } from '../core/failure.ts'
import type { HostSettings } from '../host/host-settings.ts'
import { located } from '../host/syntax-place.ts'
import { viewOf, type FailureView } from './failure-view.ts'

type Bindings = HostSettings['go']['bind']

const PAGE_APP = fileURLToPath(new URL('./page-app.js', import.meta.url))

/** Where the page finds what it shows. */
const FAILURE_VARIABLE = 'PREFORK_FAILURE'

/** A failure whose place is known, if it can be, and what a worker needs that shows it; null without an address. */
export interface Page {
  readonly failure: BootFailure
  readonly settings: HostSettings | null
}

/** What shows a failure in place of the app, at the addresses where the app has answered, or would do so. */
export async function pageFor(
  failure: BootFailure,
  generation: number,
  settings: HostSettings & { readonly appName: string },
  known: Bindings,
): Promise<Page> {
  const { app, appName, folder, env, go } = settings
  const found = await located(failure, app)
  // With TLS it can only be an app that exports, and the certificate is at hand.
  const isCertain = go.isBindChosen || go.tls !== null
  const bind = known.length === 0 && isCertain ? go.bind : known
  if (bind.length === 0) return { failure: found, settings: null }
  const view = viewOf(found, appName, folder, { generation, env: { ...process.env, ...env } })
  return { failure: found, settings: pageSettings(settings, bind, view) }
}

function pageSettings(settings: HostSettings, bind: Bindings, view: FailureView): HostSettings {
  return {
    app: PAGE_APP,
    args: [],
    folder: settings.folder,
    env: { [FAILURE_VARIABLE]: JSON.stringify(view) },
    nodeArgs: [],
    activatedFds: settings.activatedFds,
    go: {
      ...settings.go,
      bind,
      isBindChosen: true,
      app: { name: null, factory: false, mode: 'export' },
      ready: { mode: 'listen', path: null },
      preload: { requires: [], imports: [], hooksFile: null },
      // Nobody wants to debug this.
      development: { inspect: null },
    },
  }
}
