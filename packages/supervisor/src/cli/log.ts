import { pino, type Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { SupervisorReport } from '../supervisor.ts'
import { describe } from './describe.ts'
import type { Output } from './output.ts'

/** Writes what happens as lines: readable on a terminal, JSON elsewhere. */
export async function createLog(
  { app, logLevel, logFormat }: Config,
  output: Output,
): Promise<(report: SupervisorReport) => void> {
  const isPretty = logFormat === 'pretty' || (logFormat === 'auto' && process.stdout.isTTY)
  const logger = pino({ level: logLevel, base: { pid: process.pid } }, isPretty ? await prettyStream(output) : output)
  return (report) => write(logger, report, app)
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
