import { pino, type Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { SupervisorReport } from '../loop.ts'
import { describe } from './describe.ts'
import type { Output } from './output.ts'

/** Writes what happens as lines: readable on a terminal, JSON elsewhere. */
export async function createLog(
  { logLevel, logFormat }: Config,
  app: string,
  output: Output,
): Promise<(report: SupervisorReport) => void> {
  const isPretty = logFormat === 'pretty' || (logFormat === 'auto' && process.stdout.isTTY)
  const logger = pino({ level: logLevel, base: { pid: process.pid } }, isPretty ? await prettyStream(output) : output)
  let hasServed = false
  let lastDetail: unknown
  return (report) => {
    write(logger, report, app)
    if (report.type === 'serving') hasServed = true
    // What ends a start is told on standard error. Later the readable line is all there is, and lacks the stack.
    if (!isPretty || !hasServed || report.type !== 'worker-boot-failed') return
    const detail = describe(report, app).fields?.['detail']
    if (typeof detail === 'string' && detail !== lastDetail) output.write(`${detail}\n`)
    lastDetail = detail
  }
}

function write(logger: Logger, report: SupervisorReport, app: string): void {
  const { level, text, fields } = describe(report, app)
  const { type, ...facts } = report
  // What these hold is in the text, or in the fields that belong to it.
  const {
    pid: workerPid,
    failure: _failure,
    error: _error,
    outcome: _outcome,
    ...rest
  } = facts as Record<string, unknown>
  const named = workerPid === undefined ? rest : { ...rest, workerPid }
  logger[level]({ event: type, ...named, ...fields }, text)
}

async function prettyStream(output: Output): Promise<{ write(line: string): void }> {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({
    colorize: process.stdout.isTTY && !process.env['NO_COLOR'],
    // The text names the worker and the reason; the fields would say it again.
    include: 'level,time',
    translateTime: 'SYS:HH:MM:ss.l',
  })
  return { write: (line) => output.write(pretty(line)) }
}
