import { readdirSync } from 'node:fs'
import { basename } from 'node:path'

/** What a bench's file exports. What it shares with others lies in `measure/`. */
interface Bench {
  /** Measures and prints. `args` is what the command line says behind the bench's name. */
  run(args: readonly string[]): Promise<void>
}

const OWN_NAME = basename(import.meta.url, '.js')

const [name = '', ...args] = process.argv.slice(2)
const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.js'))
  .map((file) => basename(file, '.js'))
  .filter((known) => known !== OWN_NAME)
if (names.includes(name)) {
  const bench = (await import(new URL(`${name}.js`, import.meta.url).href)) as Bench
  await bench.run(args)
} else {
  const what = name === '' ? 'Which bench?' : `There is no bench "${name}".`
  process.stderr.write(`${what} There are:\n${names.map((known) => `  npx -y pnpm bench ${known}\n`).join('')}`)
  process.exitCode = 2
}
