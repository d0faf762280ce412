import { expect, it } from 'vitest'
import { Developed, untilServed } from '../promises/saving.ts'

/** Keeps a module of the supervisor from being loaded, as a broken installation would. */
const BREAK = `
import { register } from 'node:module'
const hooks = \`export const resolve = (name, context, next) => {
  if (name.endsWith('/dev/development.js')) throw new Error('this installation is broken')
  return next(name, context)
}\`
register('data:text/javascript,' + encodeURIComponent(hooks))
`

it('where what watches can not be loaded, that is told, and the app is served and reloaded by hand', async () => {
  using project = new Developed()
  const file = project.write('break.mjs', BREAK)
  await using cli = await project.develop([], { env: { NODE_OPTIONS: `--import=${file} --no-warnings` } })
  const { port } = cli
  const { msg } = await cli.line('warning')
  expect(msg).toContain('changes are not noticed')
  expect(msg).toContain('this installation is broken')
  await untilServed('v0', { port })
  project.save('v1')
  cli.signal('SIGHUP')
  await untilServed('v1', { port })
  cli.signal('SIGTERM')
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
})
