import * as v from 'valibot'
import type { Binding } from '../protocol/orders.ts'
import { readBinding, type Read } from './binding.ts'

/** A kind of value: how it is read from text (a flag, a variable), and what it must be where it comes as a value. */
export interface Kind<T> {
  /** Reads the text of one value; the problem is the end of a sentence that begins with the text. */
  readonly readText: (text: string) => Read<unknown>
  /** Checks a value that was read, or that a config file or a program has given. */
  readonly schema: v.GenericSchema<unknown, T>
  /** What `--help` calls the value; nothing for a switch. */
  readonly placeholder: string | null
}

/** No timeout is longer than a day: a larger number is a mistake in the unit. */
const LONGEST_SECONDS = 86_400

export function wholeNumber(least: number, most: number): Kind<number> {
  const problem = `must be a whole number from ${least} to ${most}`
  return {
    placeholder: 'number',
    readText: (text) => (/^-?\d+$/.test(text) ? ok(Number(text)) : wrong(problem)),
    schema: v.pipe(v.number(problem), v.integer(problem), v.minValue(least, problem), v.maxValue(most, problem)),
  }
}

/** Seconds where people write them, milliseconds in code. */
export function duration(leastMs: number): Kind<number> {
  const range = `from ${leastMs / 1000} to ${LONGEST_SECONDS}`
  const problem = `must be a number of milliseconds from ${leastMs} to ${LONGEST_SECONDS * 1000}`
  return {
    placeholder: 'seconds',
    readText: (text) => {
      const seconds = Number(text)
      const isFine = /^\d+(\.\d+)?$/.test(text) && seconds * 1000 >= leastMs && seconds <= LONGEST_SECONDS
      return isFine ? ok(Math.round(seconds * 1000)) : wrong(`must be a number of seconds ${range}`)
    },
    schema: v.pipe(v.number(problem), v.minValue(leastMs, problem), v.maxValue(LONGEST_SECONDS * 1000, problem)),
  }
}

export function oneOf<const T extends readonly string[]>(values: T): Kind<T[number]> {
  return {
    placeholder: values.join('|'),
    readText: ok,
    schema: v.picklist(values, `must be one of ${values.join(', ')}`),
  }
}

export function text(placeholder: string): Kind<string> {
  return {
    placeholder,
    readText: (value) => (value === '' ? wrong('must not be empty') : ok(value)),
    schema: v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty')),
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
    schema: v.boolean(problem),
  }
}

/** A count of workers, or `auto`: as many as this process may use CPUs. */
export function wholeNumberOrAuto(least: number, most: number): Kind<number | 'auto'> {
  const problem = `must be a whole number from ${least} to ${most}, or auto`
  const count = wholeNumber(least, most)
  return {
    placeholder: 'number|auto',
    readText: (value) => {
      const read = value === 'auto' ? ok(value) : count.readText(value)
      return read.ok ? read : wrong(problem)
    },
    schema: v.union([v.literal('auto'), count.schema], problem),
  }
}

/** An address, written as in `--bind` everywhere. */
export function address(): Kind<Binding> {
  return {
    placeholder: 'address',
    readText: ok,
    schema: v.pipe(
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

function ok<T>(value: T): Read<T> {
  return { ok: true, value }
}

function wrong(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem }
}
