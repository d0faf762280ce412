import { mkdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Folder } from '../harness/folder.ts'

/** An app that answers with a text. */
export function answering(text: string): string {
  return `import { createServer } from 'node:http'
createServer((request, response) => response.end(String(${text}))).listen(0, '127.0.0.1')\n`
}

/** Notes in what order modules are loaded: what a package of a test begins with. */
export function noting(name: string): string {
  return `(globalThis.order ??= []).push('${name}');\n`
}

/** An app with packages of its own. */
export class Packaged extends Folder {
  /** As Node calls it. */
  readonly root: string = realpathSync(this.path)

  constructor(files: Readonly<Record<string, string>>) {
    super()
    for (const [name, text] of Object.entries(files)) this.write(name, text)
  }

  override write(name: string, text: string): string {
    mkdirSync(dirname(join(this.path, name)), { recursive: true })
    return super.write(name, text)
  }

  /** The path of a package's file. */
  of(name: string): string {
    return join(this.root, 'node_modules', name)
  }

  /** The same as `import` has it. */
  url(name: string): string {
    return pathToFileURL(this.of(name)).href
  }

  /** Names of modules without the folder. */
  short(modules: readonly string[]): string[] {
    const folder = join(this.root, 'node_modules/')
    return modules.map((name) => name.replace(pathToFileURL(folder).href, 'import ').replace(folder, ''))
  }
}
