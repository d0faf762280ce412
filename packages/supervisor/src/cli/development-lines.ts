import { relative } from 'node:path'
import { describeFailure } from '../dev/failure-text.ts'
import { viewOf } from '../dev/failure-view.ts'
import type { SupervisorReport } from '../loop.ts'
import { some, time, type Line } from './phrase.ts'

/** What happens at each save, and is said in one line. */
const QUIET: readonly SupervisorReport['type'][] = [
  'changed',
  'reload-started',
  'reload-failed',
  'worker-boot-failed',
  'worker-draining',
  'worker-exited',
  'worker-killed',
  'worker-ready',
]

/** Whether it is a file of a package manager's own, which tells that it has installed something. */
function isMarker(file: string): boolean {
  return file.includes('/node_modules/.') && !file.includes('/node_modules/.pnpm/')
}

/** How the log of development differs: one line for a save, and a failure with its place in the source. */
export class DevelopmentLines {
  readonly #app: string
  readonly #folder: string
  readonly #isColored: boolean
  #changed: readonly string[] = []

  /** `app` is the file as the user named it, `folder` the one that paths are shown relative to. */
  constructor(app: string, folder: string, isColored: boolean) {
    this.#app = app
    this.#folder = folder
    this.#isColored = isColored
  }

  /** The line for a report, in place of the one for production. */
  change(report: SupervisorReport, line: Line): Line {
    if (report.type === 'changed') this.#changed = report.files
    if (report.type === 'reloaded') return { level: 'info', text: `${this.#cause()}, ready in ${time(report.afterMs)}` }
    if (report.type === 'broken') {
      const view = viewOf(report.failure, this.#app, this.#folder, { generation: report.generation })
      const { code, file, line: at, column } = view
      const text = `${view.summary}\n${describeFailure(view, this.#isColored)}`
      return { level: 'error', text, fields: { code, file, line: at, column } }
    }
    return QUIET.includes(report.type) ? { ...line, level: 'debug' } : line
  }

  #cause(): string {
    if (this.#changed.length === 0) return 'reloaded'
    if (this.#changed.every(isMarker)) return 'packages have been installed'
    return `${some(this.#changed.map((file) => relative(this.#folder, file)))} changed`
  }
}
