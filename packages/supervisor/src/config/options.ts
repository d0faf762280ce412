import * as v from 'valibot'
import { MOST_WORKERS } from '../core/step.ts'
import type { Binding } from '../protocol/orders.ts'
import { readBinding } from './binding.ts'
import { ACCEPT_MODES, LOG_FORMATS, LOG_LEVELS, type Config } from './config.ts'

/** The options that have a flag; the app itself is an argument. */
export type OptionName = Exclude<keyof Config, 'app'>

/** One option: how it is called, what it means, and how its text is read. */
export interface Option<T> {
  readonly flag: string
  readonly alias?: string
  /** The environment variable that stands in for the flag. */
  readonly env?: string
  /** The kind of value, for `--help`. */
  readonly value: string
  readonly describe: string
  /** The default, as it would be written on the command line. */
  readonly default: string
  readonly group: 'Serving' | 'Lifetime' | 'Log'
  readonly isList?: boolean
  /** Reads the text of one value; its issues are the end of a sentence that begins with the flag. */
  readonly schema: v.GenericSchema<string, T>
}

/** No timeout is longer than a day: a larger number is a mistake in the unit. */
const LONGEST_SECONDS = 86_400

function wholeNumber(least: number, most: number): v.GenericSchema<string, number> {
  const problem = `must be a whole number from ${least} to ${most}`
  return v.pipe(
    v.string(),
    v.regex(/^-?\d+$/, problem),
    v.transform(Number),
    v.minValue(least, problem),
    v.maxValue(most, problem),
  )
}

/** Seconds on the command line, milliseconds in code. */
function seconds(least: number): v.GenericSchema<string, number> {
  const problem = `must be a number of seconds from ${least} to ${LONGEST_SECONDS}`
  return v.pipe(
    v.string(),
    v.regex(/^\d+(\.\d+)?$/, problem),
    v.transform(Number),
    v.minValue(least, problem),
    v.maxValue(LONGEST_SECONDS, problem),
    v.transform((value) => Math.round(value * 1000)),
  )
}

function oneOf<const T extends readonly string[]>(values: T): v.GenericSchema<string, T[number]> {
  return v.picklist(values, `must be one of ${values.join(', ')}`)
}

const address: v.GenericSchema<string, Binding> = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const read = readBinding(dataset.value)
    if (read.ok) return read.value
    addIssue({ message: read.problem })
    return NEVER
  }),
)

type OptionTable = {
  readonly [Name in OptionName]: Option<Config[Name] extends readonly (infer Item)[] ? Item : Config[Name]>
}

/** Every option, in the order in which `--help` shows them. */
export const OPTIONS: OptionTable = {
  workers: {
    flag: 'workers',
    alias: 'w',
    env: 'WEB_CONCURRENCY',
    value: 'number',
    describe: 'How many workers serve',
    default: '1',
    group: 'Serving',
    schema: wholeNumber(1, MOST_WORKERS),
  },
  bind: {
    flag: 'bind',
    alias: 'b',
    value: 'address',
    describe:
      'Where an app that exports is served: host:port, :port, unix:/path or fd://3. Can be given several times. ' +
      'With PORT set the default is 0.0.0.0:$PORT; with sockets from systemd, these',
    default: '127.0.0.1:8000',
    group: 'Serving',
    isList: true,
    schema: address,
  },
  accept: {
    flag: 'accept',
    value: 'mode',
    describe:
      "Who takes connections in: each worker on the supervisor's socket (shared), or node:cluster's primary, " +
      'which hands them out in turn (cluster)',
    default: 'shared',
    group: 'Serving',
    schema: oneOf(ACCEPT_MODES),
  },
  bootTimeoutMs: {
    flag: 'boot-timeout',
    value: 'seconds',
    describe: 'How long a worker may take to become ready',
    default: '60',
    group: 'Lifetime',
    schema: seconds(0.1),
  },
  gracefulTimeoutMs: {
    flag: 'graceful-timeout',
    value: 'seconds',
    describe: 'How long a worker that leaves may go on with its requests',
    default: '30',
    group: 'Lifetime',
    schema: seconds(0),
  },
  killTimeoutMs: {
    flag: 'kill-timeout',
    value: 'seconds',
    describe: 'How long it then has for its exit handlers, before SIGKILL',
    default: '5',
    group: 'Lifetime',
    schema: seconds(0),
  },
  logLevel: {
    flag: 'log-level',
    value: 'level',
    describe: `The least important lines to log: ${LOG_LEVELS.join(', ')}`,
    default: 'info',
    group: 'Log',
    schema: oneOf(LOG_LEVELS),
  },
  logFormat: {
    flag: 'log-format',
    value: 'format',
    describe: 'json, pretty, or auto: pretty on a terminal, else json',
    default: 'auto',
    group: 'Log',
    schema: oneOf(LOG_FORMATS),
  },
}
