import * as v from 'valibot'
import { readAccessLogFormat } from '../protocol/access-log.ts'
import type { Binding } from '../protocol/orders.ts'
import { readBinding, type Read } from './binding.ts'

/** A kind of value: how it is read from text (a flag, a variable), and what it must be where it comes as a value. */
export interface Kind<T> {
  /** Reads the text of one value; the problem is the end of a sentence that begins with the text. */
  readonly readText: (text: string) => Read<T>
  /** What a config file or a program may give. Made when it is asked for: few starts need more than one of them. */
  readonly schema: () => v.GenericSchema<unknown, T>
  /** What `--help` calls the value; nothing for a switch. */
  readonly placeholder: string | null
}

/** No timeout is longer than a day: a larger number is a mistake in the unit. */
const LONGEST_SECONDS = 86_400
/** But a worker may live for up to a year. */
export const LONGEST_AGE_MS: number = 365 * LONGEST_SECONDS * 1000

export function wholeNumber(least: number, most: number): Kind<number> {
  const problem = `must be a whole number from ${least} to ${most}`
  return {
    placeholder: 'number',
    readText: (text) => {
      const number = Number(text)
      return /^-?\d+$/.test(text) && number >= least && number <= most ? ok(number) : wrong(problem)
    },
    schema: () => v.pipe(v.number(problem), v.integer(problem), v.minValue(least, problem), v.maxValue(most, problem)),
  }
}

/** Seconds where people write them, milliseconds in code. */
export function duration(leastMs: number, mostMs: number = LONGEST_SECONDS * 1000): Kind<number> {
  const range = `from ${leastMs / 1000} to ${mostMs / 1000}`
  const problem = `must be a number of milliseconds from ${leastMs} to ${mostMs}`
  return {
    placeholder: 'seconds',
    readText: (text) => {
      const ms = Number(text) * 1000
      const isFine = /^\d+(\.\d+)?$/.test(text) && ms >= leastMs && ms <= mostMs
      return isFine ? ok(Math.round(ms)) : wrong(`must be a number of seconds ${range}`)
    },
    schema: () => v.pipe(v.number(problem), v.minValue(leastMs, problem), v.maxValue(mostMs, problem)),
  }
}

/** A duration, or 0 for what is not to happen at all. */
export function durationOrOff(leastMs: number, mostMs: number = LONGEST_SECONDS * 1000): Kind<number> {
  const problem = `must be 0 or a number of milliseconds from ${leastMs} to ${mostMs}`
  const kind = duration(leastMs, mostMs)
  return {
    placeholder: kind.placeholder,
    readText: (text) => {
      const read = /^0+(\.0+)?$/.test(text) ? ok(0) : kind.readText(text)
      return read.ok ? read : wrong(`must be 0 or a number of seconds from ${leastMs / 1000} to ${mostMs / 1000}`)
    },
    schema: () => v.union([v.literal(0), kind.schema()], problem),
  }
}

const SIZE = /^(?<amount>\d+(?:\.\d+)?)(?<unit>[KMGkmg]?)$/
const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }
/** Node alone takes up more than that: a smaller number lacks its unit. */
const LEAST_SIZE = 16 * 2 ** 20
const SIZE_FORMS = 'such as 512M or 1.5G, or a number of bytes'

/** An amount of memory: text with a unit (powers of 1024), or bytes; in code bytes. 0 is for no limit. */
export function size(): Kind<number> {
  return {
    placeholder: 'size',
    readText: readSize,
    schema: () =>
      v.pipe(
        v.union(
          [v.pipe(v.string(), v.regex(SIZE, `must be a size, ${SIZE_FORMS}`)), v.number()],
          `must be a size, ${SIZE_FORMS}`,
        ),
        v.rawTransform(({ dataset, addIssue, NEVER }) => {
          const read = readSize(String(dataset.value))
          if (read.ok) return read.value
          addIssue({ message: read.problem })
          return NEVER
        }),
      ),
  }
}

function readSize(text: string): Read<number> {
  const { amount, unit = '' } = SIZE.exec(text)?.groups ?? {}
  if (amount === undefined) return wrong(`must be a size, ${SIZE_FORMS}`)
  const bytes = Math.round(Number(amount) * (UNITS[unit.toUpperCase()] ?? 1))
  if (bytes > 0 && bytes < LEAST_SIZE) return wrong(`must be 0 or at least 16M; write it ${SIZE_FORMS}`)
  return Number.isSafeInteger(bytes) ? ok(bytes) : wrong('is more than any machine has')
}

export function oneOf<const T extends readonly string[]>(values: T): Kind<T[number]> {
  const problem = `must be one of ${values.join(', ')}`
  return {
    placeholder: values.join('|'),
    readText: (text) => (values.includes(text) ? ok(text) : wrong(problem)),
    schema: () => v.picklist(values, problem),
  }
}

export function text(placeholder: string): Kind<string> {
  return {
    placeholder,
    readText: (value) => (value === '' ? wrong('must not be empty') : ok(value)),
    schema: () => v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty')),
  }
}

/** On or off: a flag without a value, or a variable that says true, false, 1 or 0. */
export function toggle(): Kind<boolean> {
  const problem = 'must be true or false'
  return {
    placeholder: null,
    readText: (value) => {
      if (value === 'true' || value === '1') return ok(true)
      return value === 'false' || value === '0' ? ok(false) : wrong(problem)
    },
    schema: () => v.boolean(problem),
  }
}

/** A count of workers, or `auto`: as many as this process may use CPUs. */
export function wholeNumberOrAuto(least: number, most: number): Kind<number | 'auto'> {
  const problem = `must be a whole number from ${least} to ${most}, or auto`
  const count = wholeNumber(least, most)
  return {
    placeholder: 'number|auto',
    readText: (value) => {
      const read: Read<number | 'auto'> = value === 'auto' ? ok(value) : count.readText(value)
      return read.ok ? read : wrong(problem)
    },
    schema: () => v.union([v.literal('auto'), count.schema()], problem),
  }
}

/** An address, written as in `--bind` everywhere. */
export function address(): Kind<Binding> {
  return {
    placeholder: 'address',
    readText: readBinding,
    schema: () =>
      v.pipe(
        v.string('must be a text such as 127.0.0.1:8000'),
        v.rawTransform(({ dataset, addIssue, NEVER }) => {
          const read = readBinding(dataset.value)
          if (read.ok) return read.value
          addIssue({ message: read.problem })
          return NEVER
        }),
      ),
  }
}

/** The name of a format of the access log, or a template: the text itself, once it is known to be one. */
export function accessLogFormat(): Kind<string> {
  const read = (format: string): Read<string> => {
    const checked = readAccessLogFormat(format)
    return checked.ok ? ok(format) : checked
  }
  return {
    placeholder: 'format',
    readText: read,
    schema: () =>
      v.pipe(
        v.string('must be a text'),
        v.rawTransform(({ dataset, addIssue, NEVER }) => {
          const checked = read(dataset.value)
          if (checked.ok) return checked.value
          addIssue({ message: checked.problem })
          return NEVER
        }),
      ),
  }
}

function ok<T>(value: T): Read<T> {
  return { ok: true, value }
}

function wrong(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem }
}
