import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { atTheEnd } from '../measure/groups.ts'
import { path } from '../subjects/subject.ts'

/** Packages that the apps import, and the tools that prefork is compared with. */
export const PACKAGES: string = path('peers/dev')

const INSTALL = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error']
const LONGEST_INSTALL_MS = 240_000

/** What is edited: a file that answers with the number of its edition and with its process id. */
export interface App {
  readonly name: string
  readonly file: string
  readonly isTypeScript: boolean
  /** In Node, for all but uvicorn. */
  source(edition: number): string
}

const ANSWER = '`${EDITION} ${process.pid}`'

export const APPS: readonly App[] = [
  { name: 'bare', file: 'app.mjs', isTypeScript: false, source: bare },
  { name: 'Fastify', file: 'app.mjs', isTypeScript: false, source: (edition) => fastify(edition, '') },
  { name: 'Fastify TypeScript', file: 'app.ts', isTypeScript: true, source: typeScript },
  { name: 'heavy', file: 'app.mjs', isTypeScript: false, source: heavy },
]

function bare(edition: number): string {
  return `import { createServer } from 'node:http'
const EDITION = ${edition}
createServer((request, response) => response.end(${ANSWER})).listen(Number(process.env.PORT), '127.0.0.1')
`
}

function fastify(edition: number, type: string): string {
  return `import fastify from 'fastify'
const EDITION${type} = ${edition}
const app = fastify()
app.get('/', async () => ${ANSWER})
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
`
}

function typeScript(edition: number): string {
  return `interface Item { readonly name: string }
${fastify(edition, ': number')}
export const items: readonly Item[] = []
`
}

/** Imports what takes about a second on a machine that has nothing else to do. */
function heavy(edition: number): string {
  return `import 'typescript'
import 'eslint'
import '@babel/core'
import 'prettier'
${fastify(edition, '')}`
}

/** The same for uvicorn. */
export function asgi(edition: number): string {
  return `import os

EDITION = ${edition}


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{EDITION} {os.getpid()}".encode()})
`
}

/** Installs the packages, if they are not there yet. */
export async function installPackages(): Promise<void> {
  if (existsSync(join(PACKAGES, 'node_modules/nodemon'))) return
  console.log(`Installing packages into ${PACKAGES}.\n`)
  await promisify(execFile)('npm', INSTALL, { cwd: PACKAGES, timeout: LONGEST_INSTALL_MS })
}

/** A folder with one file, and the packages in its reach. */
export class AppFolder implements Disposable {
  readonly path: string = realpathSync(mkdtempSync(join(tmpdir(), 'prefork-bench-dev-')))
  readonly #file: string
  readonly #source: (edition: number) => string
  readonly #forget = atTheEnd(() => this.#remove())

  constructor(file: string, source: (edition: number) => string) {
    this.#file = join(this.path, file)
    this.#source = source
    symlinkSync(join(PACKAGES, 'node_modules'), join(this.path, 'node_modules'))
    writeFileSync(join(this.path, 'package.json'), '{ "name": "app", "private": true, "type": "module" }\n')
    // Tools that compile into a cache find it where they would in a project.
    mkdirSync(join(this.path, 'public'))
    this.write(0)
  }

  /** Saves another edition, the way most editors do: the file is emptied and written. */
  write(edition: number): void {
    writeFileSync(this.#file, this.#source(edition))
  }

  [Symbol.dispose](): void {
    this.#forget()
    this.#remove()
  }

  #remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
