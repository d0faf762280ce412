import type { BootFailure } from '../core/failure.ts'
import type { WorkerName } from '../core/report.ts'
import type { ForkReason, LeaveReason, RecycleReason } from '../core/types.ts'
import type { Verdict } from '../core/verdict.ts'
import { bootError } from '../boot-error.ts'
import type { SupervisorReport } from '../loop.ts'
import { megabytes, name, soon, time, type Line } from './phrase.ts'

const FORK_REASONS: Readonly<Record<ForkReason, string>> = {
  boot: 'first start',
  'scaled-up': 'one more was asked for',
  crashed: 'its predecessor failed',
  replaced: 'its predecessor leaves',
  reload: 'a reload',
  recycle: 'its predecessor is to be recycled',
  broken: 'to show what is broken',
}

const LEAVE_REASONS: Readonly<Record<LeaveReason, string>> = {
  stop: 'the supervisor stops',
  'scaled-down': 'fewer workers were asked for',
  signalled: 'it was sent SIGTERM',
  'boot-failed': 'it could not boot',
  'boot-timed-out': 'it was not ready in time',
  reloaded: 'a new generation has taken over',
  'reload-failed': 'its generation is not to be',
  recycled: 'its successor has taken over',
  hung: 'its event loop gave no sign of life',
  changed: 'what it has loaded has changed',
}

/** What a report tells of a worker. */
export type WorkerReport = Extract<SupervisorReport, { readonly worker: number }>

/** Says what happened to a worker, for a person. */
export function describeWorker(report: WorkerReport, app: string): Line {
  switch (report.type) {
    case 'worker-forked':
      return { level: 'debug', text: `worker ${report.worker} forked: ${FORK_REASONS[report.reason]}` }
    case 'worker-ready':
      return { level: 'info', text: `${name(report)} is ready after ${time(report.afterMs)}` }
    case 'worker-boot-failed':
      return bootFailed(report, report.failure, app)
    case 'worker-recycling':
      return { level: 'info', text: `${name(report)} is to be replaced: ${recycled(report.reason, report.value)}` }
    case 'worker-hung':
      return hung(report)
    case 'worker-recovered': {
      const text = `${name(report)} gave no sign of life for ${time(report.silentMs)}, and goes on`
      return { level: 'warn', text: `${text}${cause(report.verdict)}` }
    }
    case 'worker-debugged': {
      const text = `${name(report)} gives no sign of life for ${time(report.silentMs)}: a debugger is attached`
      return { level: 'warn', text }
    }
    case 'worker-crowded-out': {
      const text = `${name(report)} has drained long enough: ${report.draining} workers drain, and that is too many`
      return { level: 'warn', text }
    }
    case 'worker-draining':
      return {
        level: report.reason === 'stop' ? 'debug' : 'info',
        text: `${name(report)} drains: ${LEAVE_REASONS[report.reason]}`,
      }
    case 'worker-killed':
      return { level: 'warn', text: `${name(report)} ${killed(report.reason)}` }
    case 'worker-exited':
      return exited(report)
    case 'worker-abandoned':
      return { level: 'error', text: `${name(report)} does not even end on SIGKILL; going on without it` }
    case 'worker-warning':
      return { level: 'warn', text: `${name(report)}: ${report.text}`, fields: { code: report.code } }
  }
}

function killed(reason: LeaveReason): string {
  if (reason === 'hung') return `is sent SIGKILL: ${LEAVE_REASONS.hung}`
  return `did not leave in time and is sent SIGKILL: ${LEAVE_REASONS[reason]}`
}

function recycled(reason: RecycleReason, value: number): string {
  switch (reason) {
    case 'max-requests':
      return `it has had ${value} requests (--max-requests)`
    case 'max-age':
      return `it has served for ${time(value)} (--max-age)`
    case 'max-memory':
      return `it takes up ${megabytes(value)} of memory (--max-memory)`
    case 'max-loop-delay':
      return `its event loop is late by ${time(value)} on average (--max-loop-delay)`
  }
}

function hung(report: Extract<WorkerReport, { readonly type: 'worker-hung' }>): Line {
  const text = `${name(report)} is hung: no sign of life for ${time(report.silentMs)}`
  return { level: 'error', text: `${text}${cause(report.verdict)}` }
}

function cause(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'stack': {
      const requests = verdict.requests.map(({ method, path, ageMs }) => `  ${method} ${path}, for ${time(ageMs)}`)
      const inFlight = requests.length === 0 ? '' : `\nRequests in flight:\n${requests.join('\n')}`
      return `. It is at:\n${verdict.stack}${inFlight}`
    }
    case 'native':
      return '; it is blocked in native code'
    case 'debugged':
      return '; a debugger is attached'
    case 'idle':
      return ''
    case 'unavailable':
      return `; its stack is not to be had: ${verdict.why}`
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
