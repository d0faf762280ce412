import type { BootFailure, ForkReason, LeaveReason, StopMode, WorkerName } from '../core/types.ts'
import { bootError } from '../boot-error.ts'
import type { SupervisorReport } from '../loop.ts'
import type { LogLevel } from '../config/config.ts'

/** A report as a line of the log. */
export interface Line {
  readonly level: Exclude<LogLevel, 'silent'>
  readonly text: string
  /** More fields of the JSON line, beside those that name the worker. */
  readonly fields?: Readonly<Record<string, unknown>>
}

const FORK_REASONS: Readonly<Record<ForkReason, string>> = {
  boot: 'first start',
  'scaled-up': 'one more was asked for',
  crashed: 'its predecessor failed',
  replaced: 'its predecessor leaves',
}

const LEAVE_REASONS: Readonly<Record<LeaveReason, string>> = {
  stop: 'the supervisor stops',
  'scaled-down': 'fewer workers were asked for',
  signalled: 'it was sent SIGTERM',
  'boot-failed': 'it could not boot',
  'boot-timed-out': 'it was not ready in time',
}

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
    case 'listener-waiting':
      return { level: 'warn', text: `${report.address} is in use; trying again for ${time(report.forMs)}` }
    default:
      return describeWorker(report, app)
  }
}

function hookFailed({ hook, error }: Extract<SupervisorReport, { readonly type: 'hook-failed' }>): Line {
  return { level: 'error', text: `the hook ${hook} failed: ${error.name}: ${error.message}`, fields: { err: error } }
}

type WorkerReport = Extract<SupervisorReport, { readonly worker: number }>

function describeWorker(report: WorkerReport, app: string): Line {
  switch (report.type) {
    case 'worker-forked':
      return { level: 'debug', text: `worker ${report.worker} forked: ${FORK_REASONS[report.reason]}` }
    case 'worker-ready':
      return { level: 'info', text: `${name(report)} is ready after ${time(report.afterMs)}` }
    case 'worker-boot-failed':
      return bootFailed(report, report.failure, app)
    case 'worker-draining':
      return {
        level: report.reason === 'stop' ? 'debug' : 'info',
        text: `${name(report)} drains: ${LEAVE_REASONS[report.reason]}`,
      }
    case 'worker-killed':
      return {
        level: 'warn',
        text: `${name(report)} did not leave in time and is sent SIGKILL: ${LEAVE_REASONS[report.reason]}`,
      }
    case 'worker-exited':
      return exited(report)
    case 'worker-abandoned':
      return { level: 'error', text: `${name(report)} does not even end on SIGKILL; going on without it` }
    case 'worker-warning':
      return { level: 'warn', text: `${name(report)}: ${report.text}`, fields: { code: report.code } }
  }
}

function stopped({ outcome }: Extract<SupervisorReport, { readonly type: 'stopped' }>): Line {
  switch (outcome.kind) {
    case 'stopped':
      return { level: 'info', text: 'stopped' }
    case 'forced':
      return { level: 'warn', text: 'stopped by force: requests in flight were lost' }
    case 'failed':
      return { level: 'fatal', text: 'stopped: the first generation could not boot' }
  }
}

function bootFailed(worker: WorkerName, failure: BootFailure, app: string): Line {
  const { code, message, detail } = bootError(failure, worker.worker, app)
  return { level: 'error', text: `${name(worker)} could not boot: ${message}`, fields: { code, detail } }
}

function exited(report: Extract<WorkerReport, { readonly type: 'worker-exited' }>): Line {
  const how = report.signal === null ? `with code ${report.code}` : `by ${report.signal}`
  const uptime = `after ${time(report.uptimeMs)}`
  if (report.reason !== null) {
    return { level: 'info', text: `${name(report)} ended ${how} ${uptime}: ${LEAVE_REASONS[report.reason]}` }
  }
  const why = report.error === null ? '' : `: ${report.error.name}: ${report.error.message}`
  const next = report.restartInMs === null ? '' : `; its replacement starts ${soon(report.restartInMs)}`
  return {
    level: 'error',
    text: `${name(report)} ended ${how} ${uptime}${why}${next}`,
    ...(report.error && { fields: { err: report.error } }),
  }
}

function name({ worker, pid, generation }: Nullable<WorkerName>): string {
  return `worker ${worker} (pid ${pid ?? '?'}, generation ${generation})`
}

/** A warning may come from a worker that has gone. */
type Nullable<T> = { readonly [Key in keyof T]: T[Key] | null }

function count(workers: number): string {
  return workers === 1 ? '1 worker' : `${workers} workers`
}

function soon(ms: number): string {
  return ms === 0 ? 'at once' : `in ${time(ms)}`
}

function time(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
