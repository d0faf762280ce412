import { bootError } from '../boot-error.ts'
import type { ReloadFailure } from '../core/failure.ts'
import type { StopMode } from '../core/types.ts'
import type { SupervisorReport } from '../loop.ts'
import { reloadError } from '../reload.ts'
import { describeWorker } from './describe-worker.ts'
import { count, some, time, type Line } from './phrase.ts'

const STOP_MODES: Readonly<Record<StopMode, string>> = { graceful: 'gracefully', quick: 'quickly' }

/** Says what happened, for a person. `app` is the file as the user named it. */
export function describe(report: SupervisorReport, app: string): Line {
  switch (report.type) {
    case 'starting':
      return { level: 'info', text: `starting ${app} with ${count(report.workers)}` }
    case 'serving':
      return { level: 'info', text: `${count(report.workers)} ready after ${time(report.afterMs)}` }
    case 'scaled':
      return { level: 'info', text: `workers: ${report.from} -> ${report.to}` }
    case 'scale-refused':
      return { level: 'warn', text: `workers: ${report.workers}, and ${report.limit} is the limit` }
    case 'stopping':
      return { level: 'info', text: `${report.origin}: stopping ${STOP_MODES[report.mode]}` }
    case 'stop-forced':
      return { level: 'warn', text: `${report.origin}: ending ${count(report.workers)} at once` }
    case 'stopped':
      return stopped(report)
    case 'warning':
      return { level: 'warn', text: report.text, fields: { code: report.code } }
    case 'hook-failed':
      return hookFailed(report)
    case 'listener-bound':
      return { level: 'info', text: `listening on ${report.address}` }
    case 'inspector-open':
      return { level: 'info', text: `listening for debuggers on ${report.address}` }
    case 'listener-waiting':
      return { level: 'warn', text: `${report.address} is in use; trying again for ${time(report.forMs)}` }
    case 'listener-released':
      return { level: 'info', text: `${report.address} is closed: the app does not listen there any more` }
    case 'gave-up':
      return { level: 'fatal', text: `no worker has been ready for ${time(report.afterMs)}: giving up` }
    case 'shutdown-delayed':
      return { level: 'info', text: `${report.origin}: not ready any more, and stopping in ${time(report.forMs)}` }
    default:
      return 'worker' in report ? describeWorker(report, app) : describeReload(report, app)
  }
}

function hookFailed({ hook, error }: Extract<SupervisorReport, { readonly type: 'hook-failed' }>): Line {
  return { level: 'error', text: `the hook ${hook} failed: ${error.name}: ${error.message}`, fields: { err: error } }
}

type ReloadReport = Extract<
  SupervisorReport,
  { readonly type: `reload-${string}` | 'reloaded' | 'drift' | 'changed' | 'broken' | 'watching' }
>

function describeReload(report: ReloadReport, app: string): Line {
  switch (report.type) {
    case 'watching':
      return watching(report)
    case 'changed':
      return { level: 'info', text: `${report.files.length === 0 ? report.origin : some(report.files)} changed` }
    case 'broken':
      return { level: 'error', text: `${app} is broken: ${bootError(report.failure, null, app).message}` }
    case 'reload-asked':
      return { level: 'info', text: `${report.origin}: reloading` }
    case 'reload-superseded':
      return { level: 'info', text: `${report.origin}: the reload that was under way gives way to a newer one` }
    case 'reload-started':
      return { level: 'info', text: `generation ${report.generation}: starting ${app} with ${count(report.workers)}` }
    case 'reload-rolling':
      return {
        level: 'warn',
        text: `generation ${report.generation}: workers are swapped in turn; both versions serve until that is done`,
      }
    case 'reloaded': {
      const { generation, workers, afterMs } = report
      return { level: 'info', text: `generation ${generation} serves with ${count(workers)}, after ${time(afterMs)}` }
    }
    case 'reload-failed':
      return reloadFailed(report.generation, report.failure, app)
    case 'drift': {
      const files = some(report.files)
      const text = `files of generation ${report.generation} have changed on the disk: ${files}. Workers are not recycled, and one that crashes is replaced by what is there now. Reload to have one version again`
      return { level: 'warn', text, fields: { files: report.files } }
    }
  }
}

function watching({ files, folders, isPolling, hint }: Extract<SupervisorReport, { readonly type: 'watching' }>): Line {
  const how = isPolling ? 'looking again and again at' : 'watching'
  const where = folders === 1 ? '1 folder' : `${folders} folders`
  const text = `${how} ${files === 1 ? '1 file' : `${files} files`} in ${where}`
  return { level: 'info', text: hint === null ? text : `${text}. ${hint}` }
}

function reloadFailed(generation: number, failure: ReloadFailure, app: string): Line {
  if (failure.kind === 'stopped') {
    return { level: 'warn', text: 'the reload is given up: the supervisor stops', fields: { generation } }
  }
  const { code, message, detail } = reloadError(failure, app)
  const text = `the reload has failed, and the old generation serves on: ${message}`
  return { level: 'error', text, fields: { generation, code, detail } }
}

function stopped({ outcome }: Extract<SupervisorReport, { readonly type: 'stopped' }>): Line {
  switch (outcome.kind) {
    case 'stopped':
      return { level: 'info', text: 'stopped' }
    case 'forced':
      return { level: 'warn', text: 'stopped by force: requests in flight were lost' }
    case 'failed': {
      const why = outcome.failure.kind === 'gave-up' ? 'no worker was ready' : 'the first generation could not boot'
      return { level: 'fatal', text: `stopped: ${why}` }
    }
  }
}
