import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isRoot } from '../harness/accounts.ts'
import { ask } from '../harness/client.ts'
import { Program } from './program.ts'

const SHOWS_ITSELF =
  'export default (request, response) => response.end([process.getuid(), process.umask().toString(8)].join())'

it('the pid file has the id of the program from start() until the supervisor has stopped; the umask is the program’s', async () => {
  using program = new Program(
    `
    const supervisor = create({ pidFile: 'app.pid', umask: '027' })
    supervisor.on((report) => { if (report.type === 'listener-bound') tell('listener-bound', report) })
    await supervisor.start()
    process.once('SIGUSR2', async () => {
      await supervisor.stop()
      tell('over')
      process.once('SIGUSR2', () => process.exit())
      setInterval(() => {}, 1000)
    })
    tell('serving')`,
    { 'app.mjs': SHOWS_ITSELF },
  )
  await using cli = program.run()
  await cli.line('serving')
  const path = join(program.path, 'app.pid')
  expect(readFileSync(path, 'utf8')).toBe(`${cli.pid}\n`)
  expect((statSync(path).mode & 0o777).toString(8)).toBe('640')
  expect((await ask({ port: cli.port })).body.split(',')[1]).toBe('27')
  cli.signal('SIGUSR2')
  await cli.line('over')
  expect(readdirSync(program.path).filter((name) => name.includes('pid'))).toEqual([])
})

it('a pid file that is in use rejects start(), and nothing has begun', async () => {
  using program = new Program(`
    const first = create({ pidFile: 'app.pid' })
    await first.start()
    const second = create({ pidFile: 'app.pid' })
    tell('refused', { code: await codeOf(second.start()), phase: second.status().phase })
    await first.stop()
    const third = create({ pidFile: 'app.pid' })
    tell('free', { code: await codeOf(third.start()) })
    await third.stop()`)
  expect(await program.told()).toEqual([
    { event: 'refused', code: 'SUPERVISOR_PID_FILE_IN_USE', phase: 'idle' },
    { event: 'free', code: 'none' },
  ])
})

it('a user who is not there, or may not be had, is refused by the constructor', async () => {
  using program = new Program(`
    for (const user of ['nobody-of-that-name', 'root']) {
      try { create({ user }); tell('made') } catch (error) { tell('refused', { code: error.code }) }
    }`)
  expect(await program.told()).toEqual([
    { event: 'refused', code: 'SUPERVISOR_USER_UNKNOWN' },
    isRoot ? { event: 'made' } : { event: 'refused', code: 'SUPERVISOR_NOT_ROOT' },
  ])
})
