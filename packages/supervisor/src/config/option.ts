import type { Options } from './config.ts'
import type { Kind } from './kinds.ts'

/** The name of an option in code: in a config file, and in the library. */
export type OptionName = keyof Options

/** One option: how it is called, what it means, and which values it takes. */
export interface Option<T> {
  readonly flag: string
  readonly alias?: string
  /** A variable that other tools know too. It counts less than our own, `SUPERVISOR_` and the flag's name. */
  readonly convention?: string
  readonly describe: string
  /** The default as it would be written on the command line; null where there is none. */
  readonly default: string | null
  readonly group:
    | 'Serving'
    | 'HTTP'
    | 'App'
    | 'Lifetime'
    | 'Reload'
    | 'Health'
    | 'Recycling'
    | 'Process'
    | 'Development'
    | 'Log'
  readonly isList?: boolean
  /** What stands between the values of a list in one text: in a variable, by default a space; and in a flag, if at all. */
  readonly between?: { readonly variable: RegExp; readonly flag?: RegExp }
  readonly kind: Kind<T>
}

type Item<T> = T extends readonly (infer Each)[] ? Each : Exclude<T, null>
/** The whole table, or a part of it. */
export type OptionTable<Names extends OptionName = OptionName> = {
  readonly [Name in Names]: Option<Item<Options[Name]>>
}
