import { accessLogFormat, text, toggle } from './kinds.ts'
import type { OptionTable } from './option.ts'

/** The options of what is done to HTTP traffic. */
export const HTTP_OPTIONS: OptionTable<'accessLog' | 'accessLogFile' | 'accessLogFormat'> = {
  accessLog: {
    flag: 'access-log',
    describe: 'Write a line for each request that was answered; on by default with --reload, else off',
    default: null,
    group: 'HTTP',
    kind: toggle(),
  },
  accessLogFile: {
    flag: 'access-log-file',
    describe: 'A file for these lines, instead of standard output. USR1 opens it anew',
    default: null,
    group: 'HTTP',
    kind: text('file'),
  },
  accessLogFormat: {
    flag: 'access-log-format',
    describe:
      "json, pretty, combined, common, a template with gunicorn's atoms such as %(h)s, or auto: pretty on a terminal, else json",
    default: 'auto',
    group: 'HTTP',
    kind: accessLogFormat(),
  },
}
