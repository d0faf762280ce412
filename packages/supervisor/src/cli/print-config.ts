import { inspect } from 'node:util'
import { writeBinding } from '../config/binding.ts'
import type { Config } from '../config/config.ts'
import type { Loaded } from '../config/load.ts'
import { OPTION_NAMES } from '../config/options.ts'

const NAMES = ['app', 'args', ...OPTION_NAMES] as const

/** All values of a configuration, under their names in a config file, and where each was set. */
export function printConfig({ config, origins, configFile }: Loaded): string {
  const rows = NAMES.map((name) => [name, show(valueOf(config, name)), origins[name]] as const)
  const [nameWidth, valueWidth] = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const lines = rows.map(
    ([name, value, origin]) => `${name.padEnd(nameWidth ?? 0)}  ${value.padEnd(valueWidth ?? 0)}  ${origin}`,
  )
  const file = configFile === null ? 'no config file was found' : `config file: ${configFile}`
  return `${lines.join('\n')}\n\n${file}\n`
}

function valueOf(config: Config, name: (typeof NAMES)[number]): unknown {
  return name === 'bind' ? config.bind.map(writeBinding) : config[name]
}

function show(value: unknown): string {
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 3 })
}
