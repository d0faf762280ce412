import { rmSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Cli } from '../harness/cli.ts'
import { until } from '../harness/until.ts'
import { Developed, untilServed, VERSION } from '../promises/saving.ts'

const LIB = 'node_modules/lib'
/** What npm writes when it has installed all there is to install. */
const MARKER = 'node_modules/.package-lock.json'

/** An app whose answer is the version of a package, which tells when a spare has loaded it in advance. */
class Depending extends Developed {
  constructor() {
    super()
    this.install(1)
    this.demand(1)
    this.saveApp()
  }

  /** What is wanted, and not installed yet. */
  demand(version: number): void {
    this.writeDeep('package.json', JSON.stringify({ type: 'module', dependencies: { lib: `^${version}.0.0` } }))
    this.writeDeep('package-lock.json', JSON.stringify({ lockfileVersion: 3, wanted: version }))
  }

  install(version: number): void {
    rmSync(`${this.path}/${LIB}`, { recursive: true, force: true })
    this.writeDeep(`${LIB}/package.json`, '{"main":"index.js"}')
    this.writeLib(version)
    this.writeDeep(MARKER, JSON.stringify({ installed: version }))
  }

  writeLib(version: number): void {
    const tell = `if (process.title.includes('spare')) console.log('[v${version} in a spare]')`
    this.writeDeep(`${LIB}/index.js`, `module.exports = 'v${version}'\n${tell}\n`)
  }

  saveApp(): void {
    this.write(VERSION, `export { default as version } from 'lib'\n// ${performance.now()}\n`)
  }
}

async function untilInSpare(cli: Cli, version: number): Promise<void> {
  await until('a spare has loaded the package', () => cli.stdout.includes(`[v${version} in a spare]`))
}

it('packages are told of when they are asked for, and served when they have been installed', async () => {
  using project = new Depending()
  await using cli = await project.develop(['--log-level', 'info'])
  const { port } = cli
  await untilInSpare(cli, 1)
  for (const version of [2, 3]) {
    project.demand(version)
    project.install(version)
    await untilServed(`v${version}`, { port })
    await until('it is told in words', () =>
      cli.events('reloaded').some(({ msg }) => msg.startsWith('packages have been installed, ready in')),
    )
    await untilInSpare(cli, version)
  }
  expect(cli.events('broken')).toEqual([])
})

it('a package that was changed by hand counts from the next reload on, though a spare has loaded it', async () => {
  using project = new Depending()
  await using cli = await project.develop()
  const { port } = cli
  await untilInSpare(cli, 1)
  project.writeLib(2)
  project.saveApp()
  await untilServed('v2', { port })
  await untilInSpare(cli, 2)
  project.writeLib(3)
  cli.signal('SIGHUP')
  await untilServed('v3', { port })
  expect(cli.events('broken')).toEqual([])
})
