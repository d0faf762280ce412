import { Cli, type LogLine, type StartOptions } from '../harness/cli.ts'
import { Project } from '../frameworks/project.ts'

const PRELUDE = `
  import { Supervisor, SupervisorError } from '@prefork/supervisor'
  const tell = (event, facts = {}) => console.log(JSON.stringify({ event, ...facts }))
  const create = (options = {}) => new Supervisor({ app: 'app.mjs', bind: '127.0.0.1:0', ...options })
  const codeOf = (promise) => promise.then(() => 'none', (error) => error.code)
  const seen = (supervisor, wanted) => new Promise((resolve) => {
    const end = supervisor.on(({ type }) => { if (type === wanted) { end(); resolve() } })
  })
`

const SERVES = 'export default (request, response) => response.end(String(process.pid))'

/** A program that uses the library, beside an app. It tells what it sees as lines of JSON, each with its `event`. */
export class Program extends Project {
  constructor(source: string, files: Readonly<Record<string, string>> = {}) {
    super({ 'app.mjs': SERVES, ...files, 'program.mjs': PRELUDE + source }, 'supervisor')
  }

  run(options: StartOptions = {}): Cli {
    return new Cli([], { cwd: this.path, command: [process.execPath, 'program.mjs'], ...options })
  }

  /** Runs it to its end, which it has to find by itself, and returns what it told. */
  async told(): Promise<readonly LogLine[]> {
    await using cli = this.run()
    const exit = await cli.exit()
    if (exit.code !== 0 || cli.stderr !== '') throw new Error(`code ${exit.code}\n${cli.stdout}${cli.stderr}`)
    return cli.log
  }
}
