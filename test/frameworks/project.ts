import { symlinkSync } from 'node:fs'
import { failureOf, type Failure } from '../cli/failure.ts'
import { Cli, ROOT, type StartOptions } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'

const PACKAGES = {
  /** `@prefork/supervisor`, and nothing that apps use. */
  supervisor: `${ROOT}node_modules`,
  /** The frameworks, and tsx. */
  frameworks: `${ROOT}test/frameworks/node_modules`,
}

/** An app in a folder of its own, with the packages that it may import, if any. */
export class Project extends Folder {
  constructor(files: Readonly<Record<string, string>>, packages?: keyof typeof PACKAGES) {
    super()
    if (packages !== undefined) symlinkSync(PACKAGES[packages], `${this.path}/node_modules`)
    for (const [name, text] of Object.entries(files)) this.write(name, text)
  }

  /** Starts the command in this folder. */
  start(args: readonly string[], options: StartOptions = {}): Cli {
    return new Cli(args, { cwd: this.path, ...options })
  }

  /** Runs it to its end. */
  failure(args: readonly string[]): Promise<Failure> {
    return failureOf(args, { cwd: this.path })
  }

  /** Starts it, and waits until all workers accept. */
  serving(args: readonly string[], options: StartOptions = {}): Promise<Cli> {
    return Cli.serving(args, { cwd: this.path, ...options })
  }
}
