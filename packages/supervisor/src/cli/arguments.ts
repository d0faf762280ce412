import yargs from 'yargs'
import { unknownOption, type Flags } from '../config/resolve.ts'
import { OPTIONS, type Option } from '../config/options.ts'

/** What the command line asks for. */
export type Request =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'run'
      readonly app: string | undefined
      readonly surplus: readonly string[]
      readonly flags: Flags
    }

/** Reads the command line. Only its form: what the values mean, and which there are, the configuration knows. */
export async function readArguments(args: readonly string[], version: string): Promise<Request> {
  refuseInherited(args)
  const parser = yargs([...args])
    .scriptName('supervisor')
    .usage('$0 [options] <app>\n\nRuns an HTTP app in several workers, on a socket that stays open.')
    .example('$0 --workers 4 app.js', 'four workers; the app listens by itself')
    .example('$0 -w 4 -b :8080 app.js', 'four workers; the app exports a handler')
    .epilogue('Signals: TERM stops gracefully, INT and QUIT quickly; TTIN and TTOU: one worker more or fewer.')
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .wrap(Math.min(100, process.stdout.columns ?? 80))
    .version(false)
    .help(false)
    .option('help', { type: 'boolean', describe: 'Show this' })
    .option('version', { type: 'boolean', describe: 'Show the version' })
  for (const option of Object.values(OPTIONS) as Option<unknown>[]) {
    parser.option(option.flag, {
      ...(option.alias !== undefined && { alias: option.alias }),
      type: 'array',
      string: true,
      describe: `${option.describe} [${option.value}]`,
      defaultDescription: option.default,
      group: `${option.group}:`,
    })
  }
  const parsed = await parser.parse()
  if (parsed['help'] === true) return { kind: 'text', text: await parser.getHelp() }
  if (parsed['version'] === true) return { kind: 'text', text: version }
  const [app, ...surplus] = parsed._.map(String)
  return { kind: 'run', app, surplus, flags: flagsOf(parsed) }
}

/** yargs keeps flags as properties of plain objects, and stumbles over those that every object has. */
function refuseInherited(args: readonly string[]): void {
  for (const arg of args) {
    const name = /^--(?:no-)?(?<name>[^=]+)/.exec(arg)?.groups?.['name']
    if (name !== undefined && name in Object.prototype) throw unknownOption(name)
  }
}

function flagsOf(parsed: Readonly<Record<string, unknown>>): Flags {
  const aliases = new Set(Object.values(OPTIONS).flatMap(({ alias }) => alias ?? []))
  const flags: Record<string, readonly string[]> = {}
  for (const [name, value] of Object.entries(parsed)) {
    if (['_', '$0', 'help', 'version'].includes(name) || aliases.has(name) || value === undefined) continue
    const values = Array.isArray(value) ? value : [value]
    flags[name] = values.length === 0 ? [''] : values.map(String)
  }
  return flags
}
