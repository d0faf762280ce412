import yargs, { type Argv } from 'yargs'
import { OPTIONS, type Option } from '../config/options.ts'

/** The text of `--help`, made from the options. */
export function renderHelp(): Promise<string> {
  return build().getHelp()
}

function build(): Argv {
  const parser = yargs([])
    .scriptName('supervisor')
    .usage(
      '$0 [options] <app> [-- arguments of the app]\n\nRuns an app in several workers, on a socket that stays open.',
    )
    .example('$0 --workers 4 app.js', 'four workers; the app listens by itself')
    .example('$0 -w auto -b :8080 app.js', 'one for each CPU; the app exports a handler, or an app of Express, Koa, …')
    .example('$0 app.js:admin', 'the export "admin"')
    .example('$0 --factory app.js', 'the export is a function that returns the app')
    .example('$0 --ready signal worker.js', 'no port: the app says worker.ready()')
    .example('$0 --max-requests 10000 --max-memory 512M app.js', 'workers that grow old are replaced')
    .example('$0 --log-file app.log app.js', "the supervisor's log in a file; USR1 opens it anew")
    .epilogue(
      'Each option can also be set in supervisor.config.{ts,js,mjs,json}, or as a variable: --boot-timeout is ' +
        'SUPERVISOR_BOOT_TIMEOUT.\n\n' +
        'Signals: TERM stops gracefully, INT and QUIT quickly; HUP reloads configuration and app; TTIN and TTOU: one ' +
        'worker more or fewer; USR1 opens the log file anew.',
    )
    .wrap(Math.min(100, process.stdout.columns ?? 80))
    .version(false)
    .help(false)
  for (const option of Object.values(OPTIONS) as Option<unknown>[]) addOption(parser, option)
  return parser
    .option('config', { type: 'string', describe: 'The config file [file]', group: 'Configuration:' })
    .option('check-config', {
      type: 'boolean',
      describe: 'Only check the configuration and load the app',
      group: 'Configuration:',
    })
    .option('print-config', {
      type: 'boolean',
      describe: 'Show all values, and where each was set',
      group: 'Configuration:',
    })
    .option('help', { alias: 'h', type: 'boolean', describe: 'Show this' })
    .option('version', { type: 'boolean', describe: 'Show the version' })
}

function addOption(parser: Argv, option: Option<unknown>): void {
  const { placeholder } = option.kind
  parser.option(option.flag, {
    ...(option.alias !== undefined && { alias: option.alias }),
    ...(placeholder === null ? { type: 'boolean' } : { type: 'string' }),
    describe: placeholder === null ? option.describe : `${option.describe} [${placeholder}]`,
    ...(option.default !== null && { defaultDescription: option.default }),
    group: `${option.group}:`,
  })
}
