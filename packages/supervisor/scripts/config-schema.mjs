// Writes config.schema.json, by which editors check and complete supervisor.config.json, from the table of options.
// With --check it writes nothing, and fails if the file is out of date.
import { readFileSync, writeFileSync } from 'node:fs'
import { toJsonSchema } from '@valibot/to-json-schema'
import { OPTION_NAMES, OPTIONS } from '../dist/config/options.js'

const FILE = new URL('../config.schema.json', import.meta.url)
const LIST_OF_TEXTS = { type: 'array', items: { type: 'string' } }

function buildSchema() {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of prefork',
    description: 'supervisor.config.json. All times are in milliseconds.',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string' },
      app: { description: "The app's file, perhaps with :name for a named export", type: 'string', minLength: 1 },
      args: { description: 'What the app sees behind its own name in process.argv', ...LIST_OF_TEXTS },
      ...Object.fromEntries(OPTION_NAMES.map((name) => [name, describeOption(OPTIONS[name])])),
    },
  }
}

function describeOption({ describe, kind, isList, between, default: standard }) {
  const { $schema: _, ...item } = toJsonSchema(kind.schema(), { typeMode: 'input' })
  const isDuration = kind.placeholder === 'seconds'
  return {
    description: isDuration ? `${describe}. In milliseconds` : describe,
    ...(isList ? { anyOf: [item, { type: 'array', items: item, ...(standard && { minItems: 1 }) }] } : item),
    // An address is written as text there too.
    ...(standard !== null && {
      default: isList ? (between?.flag ? standard.split(between.flag) : standard) : kind.readText(standard).value,
    }),
  }
}

/** As oxfmt would: short lists on one line. */
function write(schema) {
  const text = JSON.stringify(schema, null, 2)
  return `${text.replaceAll(/\[\s+([^[\]{}]+?)\s+\]/g, (_, items) => `[${items.split(/,\s+/).join(', ')}]`)}\n`
}

const text = write(buildSchema())
if (!process.argv.includes('--check')) writeFileSync(FILE, text)
else if (readFileSync(FILE, 'utf8') !== text) {
  console.error('config.schema.json is out of date: run pnpm --filter @prefork/supervisor schema')
  process.exitCode = 1
}
