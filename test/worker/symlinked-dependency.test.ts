import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Cli } from '../harness/cli.ts'
import { ask } from '../harness/client.ts'
import { Folder } from '../harness/folder.ts'

/**
 * A folder with a package `outer` that is a link into a store, as pnpm makes it; `inner`, which it needs, is found
 * only beside its real place.
 */
function install(folder: Folder): void {
  for (const name of ['outer', 'inner']) mkdirSync(`${folder.path}/store/node_modules/${name}`, { recursive: true })
  mkdirSync(`${folder.path}/node_modules`)
  writeFileSync(`${folder.path}/store/node_modules/inner/index.js`, `module.exports = 'inner'`)
  writeFileSync(`${folder.path}/store/node_modules/outer/index.js`, `module.exports = require('inner')`)
  symlinkSync('../store/node_modules/outer', `${folder.path}/node_modules/outer`)
}

/*
 * While the last file that was looked at with `fs.fstatSync` is a pipe, Node resolves no links in the paths of
 * modules (`realpathSync` looks at what the call has left behind). A log is usually read through a pipe.
 */
it.each([
  ['an ES module', 'app.mjs', `import inner from 'outer'\nexport default (request, response) => response.end(inner)`],
  [
    'CommonJS',
    'app.cjs',
    `const inner = require('outer')\nmodule.exports = (request, response) => response.end(inner)`,
  ],
])('finds the dependencies of a package that is a link, with its output in a pipe: %s', async (_kind, name, source) => {
  using folder = new Folder()
  install(folder)
  await using cli = await Cli.serving(['--bind', '127.0.0.1:0', folder.write(name, source)])
  expect(await ask({ port: cli.port })).toMatchObject({ result: 'ok', body: 'inner' })
})
