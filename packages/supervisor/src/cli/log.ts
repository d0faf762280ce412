import { pino, type Logger } from 'pino'
import { SupervisorError } from '../errors.ts'
import type { SupervisorReport } from '../loop.ts'
import { describe } from './describe.ts'
import type { DevelopmentLines } from './development-lines.ts'
import type { Line } from './phrase.ts'
import { LogFile, openLogFile } from './log-file.ts'
import type { LogSettings } from './load.ts'
import { Output } from './output.ts'

type Prettify = (line: string) => string

/** Writes what happens as lines: readable on a terminal, JSON elsewhere; on standard output, or in a file. */
export class Log {
  readonly #logger: Logger
  #settings: LogSettings
  #sink: Output | LogFile
  #pretty: Prettify | null
  /** When what is being told has happened; null: now. */
  #at: number | null = null
  #hasServed = false
  #development: DevelopmentLines | null = null
  #lastDetail: unknown
  #changes: Promise<void> = Promise.resolve()

  private constructor(settings: LogSettings, sink: Output | LogFile, pretty: Prettify | null) {
    this.#settings = settings
    this.#sink = sink
    this.#pretty = pretty
    const destination = { write: (line: string) => this.#sink.write(this.#pretty?.(line) ?? line) }
    const timestamp = (): string => `,"time":${this.#at ?? Date.now()}`
    this.#logger = pino({ level: settings.level, base: { pid: process.pid }, timestamp }, destination)
  }

  /** `fd` is the log file, opened before anything was started. */
  static async create(settings: LogSettings, fd: number | null): Promise<Log> {
    const sink = settings.file === null || fd === null ? outputOf(1) : new LogFile(settings.file, fd, complain)
    const log = new Log(settings, sink, await prettifyFor(settings))
    if (settings.developedIn !== null) {
      const { DevelopmentLines: Lines } = await import('./development-lines.ts')
      log.#development = new Lines(settings.app, settings.developedIn, isColored(settings))
    }
    return log
  }

  /** Writes a report of the supervisor's, of something that has happened `at` this time: by default, now. */
  tell(report: SupervisorReport, at: number | null = null): void {
    const plain = describe(report, this.#settings.app)
    const line = this.#development?.change(report, plain) ?? plain
    this.#at = at
    this.#write(report.type, factsOf(report), line)
    this.#at = null
    if (report.type === 'serving') this.#hasServed = true
    // What ends a start is told on standard error. Later the readable line is all there is, and lacks the stack.
    if (this.#development !== null || this.#pretty === null || !this.#hasServed || report.type !== 'worker-boot-failed')
      return
    const detail = line.fields?.['detail']
    if (typeof detail === 'string' && detail !== this.#lastDetail) this.#sink.write(`${detail}\n`)
    this.#lastDetail = detail
  }

  /** Says something that nothing has to be done about. */
  say(text: string): void {
    this.#write('note', {}, { level: 'info', text })
  }

  /** Opens the log file anew, after it was renamed (USR1). `isAccessLog`: the workers have been told to do the same. */
  reopen(isAccessLog: boolean): Promise<void> {
    return this.#inTurn(async () => {
      if (!(this.#sink instanceof LogFile)) {
        const text = 'SIGUSR1: there is no --log-file to reopen'
        if (!isAccessLog) return this.#write('signal-ignored', {}, { level: 'info', text })
        return this.#write('log-reopened', {}, { level: 'info', text: 'SIGUSR1: the workers open the access log anew' })
      }
      await this.#sink.reopen()
      this.#write('log-reopened', {}, { level: 'info', text: `SIGUSR1: opened ${this.#sink.path} anew` })
    })
  }

  /** Takes over what a reload has brought. */
  change(settings: LogSettings): Promise<void> {
    return this.#inTurn(async () => {
      const pretty = await prettifyFor(settings)
      // What is wrong with the file leaves the log as it was, and the rest takes effect.
      const { file } = this.#settings
      this.#settings = { ...settings, file }
      this.#pretty = pretty
      this.#logger.level = settings.level
      if (settings.file === file) return
      const sink =
        settings.file === null ? outputOf(1) : new LogFile(settings.file, openLogFile(settings.file), complain)
      const old = this.#sink
      this.#settings = settings
      this.#sink = sink
      // Standard output is the workers' too: only the end of the process ends it.
      if (old instanceof LogFile) await old.end()
    })
  }

  /** Gets the last lines out. */
  async end(): Promise<void> {
    const sinks = new Set([this.#sink, ...outputs.values()])
    await Promise.all([...sinks].map((sink) => sink.end()))
  }

  /** One change after the other. What fails is told, and the log stays as it was. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    this.#changes = this.#changes.then(change).catch((error: unknown) => {
      if (!(error instanceof SupervisorError)) throw error
      const text = `${error.message} The log stays where it was`
      this.#write('warning', {}, { level: 'warn', text, fields: { code: error.code } })
    })
    return this.#changes
  }

  #write(event: string, facts: Readonly<Record<string, unknown>>, { level, text, fields }: Line): void {
    this.#logger[level]({ event, ...facts, ...fields }, text)
  }
}

/** What a line of JSON has besides its text. What is left out is in the text, or in the fields that belong to it. */
function factsOf(report: SupervisorReport): Readonly<Record<string, unknown>> {
  const { type: _type, ...facts } = report
  const {
    pid: workerPid,
    failure: _failure,
    error: _error,
    outcome: _outcome,
    ...rest
  } = facts as Record<string, unknown>
  return workerPid === undefined ? rest : { ...rest, workerPid }
}

const outputs = new Map<1 | 2, Output>()

/** Standard output or error, each made once: it opens its descriptor a second time. */
function outputOf(fd: 1 | 2): Output {
  const output = outputs.get(fd) ?? new Output(fd)
  outputs.set(fd, output)
  return output
}

/** A log file that can't be written can't say so itself. */
function complain({ message, hint, code }: SupervisorError): void {
  outputOf(2).write(`supervisor: ${message}\n${hint} (${code})\n`)
}

function isColored({ file }: Pick<LogSettings, 'file'>): boolean {
  return file === null && process.stdout.isTTY && !process.env['NO_COLOR']
}

async function prettifyFor({ format, file }: LogSettings): Promise<Prettify | null> {
  const isTerminal = file === null && process.stdout.isTTY
  if (format !== 'pretty' && !(format === 'auto' && isTerminal)) return null
  const { prettyFactory } = await import('pino-pretty')
  return prettyFactory({
    colorize: isColored({ file }),
    // The text names the worker and the reason; the fields would say it again.
    include: 'level,time',
    translateTime: 'SYS:HH:MM:ss.l',
  })
}
