import { SupervisorError } from '../errors.ts'

/** Tells a person on standard error what went wrong, and returns the exit code. */
export async function explain(error: unknown): Promise<number> {
  if (!(error instanceof SupervisorError)) throw error
  const detail = error.detail === undefined ? '' : `\n${withoutInternals(error.detail)}\n\n`
  const { Output } = await import('./output.ts')
  const output = new Output(2)
  output.write(`supervisor: ${error.message}\n${detail}${error.hint} (${error.code})\n`)
  await output.end()
  return error.exitCode
}

/** Where the supervisor's own code is. */
const OWN_CODE = new URL('..', import.meta.url).href

/** The stack less Node's own frames and ours, which say nothing about the app. */
function withoutInternals(stack: string): string {
  // The last frame may open the list of the error's properties: its bracket stays.
  return stack
    .replaceAll(/\n\s+at (?<frame>[^\n]*?)(?<bracket> \{)?(?=\n|$)/g, (line, frame: string, bracket: string = '') =>
      frame.includes('node:internal/') || frame.includes(OWN_CODE) ? bracket : line,
    )
    .trimEnd()
}
