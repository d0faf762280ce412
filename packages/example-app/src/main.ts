import { buildApp } from './app.ts'
import { readSettings } from './settings.ts'

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  // Setting process.exitCode would not do: the channel to a parent process keeps a worker alive.
  process.exit(1)
}

const result = readSettings(process.env)
if (!result.ok) fail(result.problem)

const { host, port, log } = result.settings
try {
  const address = await buildApp({ log }).listen({ host, port })
  process.stdout.write(`Listening on ${address}\n`)
} catch (error) {
  fail(`Cannot listen: ${error instanceof Error ? error.message : String(error)}.`)
}
