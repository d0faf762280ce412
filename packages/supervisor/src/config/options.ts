import { MOST_WORKERS } from '../core/limits.ts'
import { ACCEPT_MODES, LOG_FORMATS, LOG_LEVELS, READY_MODES, SERVE_MODES, STICKY_MODES, TS_MODES } from './config.ts'
import { address, duration, oneOf, text, toggle, wholeNumberOrAuto } from './kinds.ts'
import type { Option, OptionName, OptionTable } from './option.ts'
import { HTTP_OPTIONS } from './http-options.ts'
import { DEVELOPMENT_OPTIONS } from './development-options.ts'
import { LIMIT_OPTIONS } from './limit-options.ts'
import { PROCESS_OPTIONS } from './process-options.ts'
import { RENEWAL_OPTIONS } from './renewal-options.ts'
import { TLS_OPTIONS } from './tls-options.ts'

export type { Option, OptionName } from './option.ts'

/** Every option, in the order in which `--help` shows them. */
export const OPTIONS: OptionTable = {
  workers: {
    flag: 'workers',
    alias: 'w',
    convention: 'WEB_CONCURRENCY',
    describe: 'How many workers serve; auto is one for each CPU that this process may use',
    default: '1',
    group: 'Serving',
    kind: wholeNumberOrAuto(1, MOST_WORKERS),
  },
  bind: {
    flag: 'bind',
    alias: 'b',
    describe:
      'Where an app that exports is served: host:port, :port, unix:/path or fd://3. Can be given several times. ' +
      'With PORT set the default is 0.0.0.0:$PORT; with sockets from systemd, these',
    default: '127.0.0.1:8000',
    group: 'Serving',
    isList: true,
    kind: address(),
  },
  accept: {
    flag: 'accept',
    describe:
      "Who takes connections in: each worker on the supervisor's socket (shared), or node:cluster's primary, " +
      'which hands them out in turn (cluster)',
    default: 'shared',
    group: 'Serving',
    kind: oneOf(ACCEPT_MODES),
  },
  sticky: {
    flag: 'sticky',
    describe: 'Which connections go to one worker while it lives: those of one address (ip), or none',
    default: 'off',
    group: 'Serving',
    kind: oneOf(STICKY_MODES),
  },
  ...HTTP_OPTIONS,
  ...TLS_OPTIONS,
  ...LIMIT_OPTIONS,
  mode: {
    flag: 'mode',
    describe: 'What serves: the servers that the app listens with, what it exports, or (auto) whichever there is',
    default: 'auto',
    group: 'App',
    kind: oneOf(SERVE_MODES),
  },
  factory: {
    flag: 'factory',
    describe: 'The export is a function that returns the app, perhaps later',
    default: 'false',
    group: 'App',
    kind: toggle(),
  },
  ts: {
    flag: 'ts',
    describe: "How TypeScript is run: tsx, Node's own type stripping, or (auto) tsx if the app has it",
    default: 'auto',
    group: 'App',
    kind: oneOf(TS_MODES),
  },
  chdir: {
    flag: 'chdir',
    describe: 'The folder to run in. The app, the config file and env files are looked up there',
    default: null,
    group: 'App',
    kind: text('folder'),
  },
  envFile: {
    flag: 'env-file',
    describe: 'A file of variables for the app; what the environment says already wins. Can be given several times',
    default: null,
    group: 'App',
    isList: true,
    kind: text('file'),
  },
  import: {
    flag: 'import',
    describe: 'A module that is imported before the app, as by node --import. Can be given several times',
    default: null,
    group: 'App',
    isList: true,
    kind: text('module'),
  },
  require: {
    flag: 'require',
    describe: 'A module that is required before the app, as by node --require. Can be given several times',
    default: null,
    group: 'App',
    isList: true,
    kind: text('module'),
  },
  nodeArgs: {
    flag: 'node-args',
    describe: 'Options for the Node that runs the app, such as "--max-old-space-size=512". Can be given several times',
    default: null,
    group: 'App',
    isList: true,
    kind: text('options'),
  },
  ready: {
    flag: 'ready',
    describe: 'When a worker is ready: when it listens, or when the app says so with worker.ready()',
    default: 'listen',
    group: 'Lifetime',
    kind: oneOf(READY_MODES),
  },
  readyPath: {
    flag: 'ready-path',
    describe: 'A path that has to answer with a status below 400 before a worker counts as ready',
    default: null,
    group: 'Lifetime',
    kind: text('path'),
  },
  bootTimeoutMs: {
    flag: 'boot-timeout',
    describe: 'How long a worker may take to become ready',
    default: '60',
    group: 'Lifetime',
    kind: duration(100),
  },
  gracefulTimeoutMs: {
    flag: 'graceful-timeout',
    describe: 'How long a worker that leaves may go on with its requests',
    default: '30',
    group: 'Lifetime',
    kind: duration(0),
  },
  killTimeoutMs: {
    flag: 'kill-timeout',
    describe: 'How long it then has for its exit handlers, before SIGKILL',
    default: '5',
    group: 'Lifetime',
    kind: duration(0),
  },
  shutdownDelayMs: {
    flag: 'shutdown-delay',
    describe: 'How long to go on serving after TERM, not ready any more, before the drain begins',
    default: '0',
    group: 'Lifetime',
    kind: duration(0),
  },
  ...RENEWAL_OPTIONS,
  ...PROCESS_OPTIONS,
  ...DEVELOPMENT_OPTIONS,
  logLevel: {
    flag: 'log-level',
    describe: 'The least important lines to log',
    default: 'info',
    group: 'Log',
    kind: oneOf(LOG_LEVELS),
  },
  logFormat: {
    flag: 'log-format',
    describe: 'json, pretty, or auto: pretty on a terminal, else json',
    default: 'auto',
    group: 'Log',
    kind: oneOf(LOG_FORMATS),
  },
  logFile: {
    flag: 'log-file',
    describe: "A file for the supervisor's own log, instead of standard output. USR1 opens it anew",
    default: null,
    group: 'Log',
    kind: text('file'),
  },
}

/** The names of all options, in order. */
export const OPTION_NAMES: readonly OptionName[] = Object.keys(OPTIONS) as OptionName[]

/** The variable that stands in for a flag. */
export function variableOf({ flag }: Pick<Option<unknown>, 'flag'>): string {
  return `SUPERVISOR_${flag.toUpperCase().replaceAll('-', '_')}`
}
