import { expect, it } from 'vitest'
import { Program } from './program.ts'

it('start rejects with the error that the command would show', async () => {
  using program = new Program(
    `
    for (const app of ['throws.mjs', 'number.mjs', 'syntax.mjs', 'ends.mjs']) {
      const supervisor = create({ app, workers: 2 })
      const error = await supervisor.start().catch((error) => error)
      const { name, code, message, hint, exitCode } = error
      tell('failed', { isOurs: error instanceof SupervisorError && error instanceof Error, name, code, message, hint, exitCode })
      tell('outcome', await supervisor.finished)
    }`,
    {
      'throws.mjs': `throw new Error('no database')`,
      'number.mjs': 'export default 42',
      'syntax.mjs': 'export default (',
      'ends.mjs': '',
    },
  )
  const told = await program.told()
  const failed = told.filter(({ event }) => event === 'failed')
  expect(failed).toMatchObject([
    { code: 'SUPERVISOR_APP_THREW', exitCode: 3, message: expect.stringContaining('no database') },
    { code: 'SUPERVISOR_APP_NOT_SERVABLE', exitCode: 4, message: expect.stringContaining('a number (42)') },
    { code: 'SUPERVISOR_APP_NOT_LOADED', exitCode: 4 },
    { code: 'SUPERVISOR_APP_ENDED', exitCode: 3 },
  ])
  for (const error of failed) {
    expect(error).toMatchObject({ isOurs: true, name: 'SupervisorError', hint: expect.stringMatching(/\.$/) })
  }
  expect(told.filter(({ event }) => event === 'outcome')).toMatchObject(failed.map(() => ({ kind: 'failed' })))
})

/** Options that the command refuses too, and what the refusal names. */
const WRONG: readonly (readonly [options: string, code: string, named: string])[] = [
  ['{ workers: 0 }', 'SUPERVISOR_OPTION_INVALID', 'workers'],
  [`{ workers: '4' }`, 'SUPERVISOR_OPTION_INVALID', 'workers'],
  ['{ worker: 4 }', 'SUPERVISOR_OPTION_UNKNOWN', 'workers'],
  ['{ bind: 8000 }', 'SUPERVISOR_OPTION_INVALID', 'bind'],
  [`{ bind: ['127.0.0.1:0', 'nowhere:here'] }`, 'SUPERVISOR_OPTION_INVALID', 'bind'],
  ['{ bootTimeoutMs: -1 }', 'SUPERVISOR_OPTION_INVALID', 'bootTimeoutMs'],
  [`{ gracefulTimeoutMs: '30s' }`, 'SUPERVISOR_OPTION_INVALID', 'gracefulTimeoutMs'],
  [`{ mode: 'import' }`, 'SUPERVISOR_OPTION_INVALID', 'mode'],
  [`{ mode: 'listen', factory: true, bind: undefined }`, 'SUPERVISOR_OPTION_INVALID', '--factory'],
  [`{ mode: 'listen' }`, 'SUPERVISOR_OPTION_INVALID', '--bind'],
  [`{ ready: 'signal', readyPath: '/ready' }`, 'SUPERVISOR_OPTION_INVALID', '--ready-path'],
  [`{ readyPath: 'ready' }`, 'SUPERVISOR_OPTION_INVALID', 'slash'],
  [`{ chdir: 'nowhere' }`, 'SUPERVISOR_OPTION_INVALID', 'nowhere'],
  [`{ envFile: 'missing.env' }`, 'SUPERVISOR_ENV_FILE', 'missing.env'],
  [`{ app: undefined }`, 'SUPERVISOR_APP_MISSING', 'app'],
  [`{ app: 42 }`, 'SUPERVISOR_OPTION_INVALID', 'app'],
  [`{ app: 'nowhere.mjs' }`, 'SUPERVISOR_APP_NOT_FOUND', 'nowhere.mjs'],
  [`{ args: '--verbose' }`, 'SUPERVISOR_OPTION_INVALID', 'args'],
  [`{ hooks: { onExit: 'rm' } }`, 'SUPERVISOR_OPTION_INVALID', 'onExit'],
  ['{ hooks: { onEnd() {} } }', 'SUPERVISOR_OPTION_UNKNOWN', 'onEnd'],
  ['{ hooks: { postFork() {} } }', 'SUPERVISOR_OPTION_INVALID', 'postFork'],
]

it('the constructor throws for options that the command would refuse', async () => {
  const attempts = WRONG.map(
    ([options]) => `
    try { create(${options}); tell('taken', { options: ${JSON.stringify(options)} }) }
    catch (error) {
      const { code, message, hint } = error
      tell(error instanceof SupervisorError ? 'refused' : 'thrown', { code, text: message + ' ' + hint })
    }`,
  )
  using program = new Program(attempts.join('\n'))
  const told = await program.told()
  expect(told).toMatchObject(
    WRONG.map(([, code, named]) => ({ event: 'refused', code, text: expect.stringContaining(named) })),
  )
})

it('hooks of a program run in it, and one that throws before ready rejects the start', async () => {
  using program = new Program(`
    const calls = []
    const names = ['onStarting', 'preFork', 'workerReady', 'whenReady', 'workerExit', 'onExit']
    const hooks = Object.fromEntries(names.map((name) => [name, () => void calls.push(name)]))
    const supervisor = create({ hooks })
    await supervisor.start()
    await supervisor.stop()
    tell('calls', { calls, names })
    tell('failed', { code: await codeOf(create({ hooks: { onStarting() { throw new Error('no') } } }).start()) })`)
  const [calls, failed] = await program.told()
  expect(calls?.['calls']).toEqual(calls?.['names'])
  expect(failed).toMatchObject({ code: 'SUPERVISOR_PRELOAD_FAILED' })
})

it('a stop forks nothing more, also when the hook preFork returns only then', async () => {
  using program = new Program(
    `
    let goOn
    const held = new Promise((resolve) => { goOn = resolve })
    const supervisor = create({ app: 'tells.mjs', hooks: { preFork: () => held } })
    const start = codeOf(supervisor.start())
    await new Promise(setImmediate)
    tell('outcome', await supervisor.stop())
    goOn()
    tell('start', { code: await start })`,
    {
      'tells.mjs': `console.log('forked'); setInterval(() => {}, 1000)`,
    },
  )
  await using cli = program.run()
  expect(await cli.exit()).toEqual({ code: 0, signal: null })
  expect(cli.log).toEqual([
    { event: 'outcome', kind: 'stopped' },
    { event: 'start', code: 'SUPERVISOR_STOPPED' },
  ])
  expect(cli.stdout).not.toContain('forked')
})
