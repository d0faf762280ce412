import { describe, expect, it } from 'vitest'
import { ask } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { Program } from './program.ts'

describe('a supervisor in a program', () => {
  it('starts, tells its status, scales both ways and stops; then the program ends by itself', async () => {
    using program = new Program(`
      const supervisor = create({ workers: 2 })
      tell('before', supervisor.status())
      await supervisor.start()
      tell('started', supervisor.status())
      const more = seen(supervisor, 'worker-ready')
      supervisor.scale(3)
      await more
      tell('more', { wanted: supervisor.status().wanted })
      const fewer = seen(supervisor, 'worker-exited')
      supervisor.scale(1)
      await fewer
      tell('fewer', { wanted: supervisor.status().wanted })
      tell('outcome', await supervisor.stop())
      tell('after', supervisor.status())`)
    const [before, started, more, fewer, outcome, after] = await program.told()
    expect(before).toMatchObject({ phase: 'idle', workers: [] })
    expect(started).toMatchObject({ phase: 'serving', generation: 1, wanted: 2, rollout: null, drift: [] })
    expect(started?.['workers']).toMatchObject([
      { worker: 1, index: 0, generation: 1, pid: expect.any(Number), status: 'accepting' },
      { worker: 2, index: 1, generation: 1, pid: expect.any(Number), status: 'accepting' },
    ])
    expect([more?.['wanted'], fewer?.['wanted']]).toEqual([3, 1])
    expect(outcome).toEqual({ event: 'outcome', kind: 'stopped' })
    expect(after).toMatchObject({ phase: 'stopped', workers: [] })
  })

  it('serves the app', async () => {
    using program = new Program(`
      const supervisor = create({ workers: 2 })
      supervisor.on((report) => { if (report.type === 'listener-bound') tell('listener-bound', report) })
      await supervisor.start()
      process.once('SIGTERM', () => supervisor.stop())
      tell('serving')`)
    await using cli = program.run()
    await cli.line('serving')
    expect((await ask({ port: cli.port })).body).toMatch(/^\d+$/)
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    expect((await ask({ port: cli.port })).result).toBe('refused')
  })

  it('starts once: a second start is the first one', async () => {
    using program = new Program(`
      const supervisor = create()
      const first = supervisor.start()
      tell('same', { isSame: first === supervisor.start() })
      await first
      await supervisor.start()
      await supervisor.stop()
      tell('late', { code: await codeOf(supervisor.start()) })`)
    expect(await program.told()).toEqual([
      { event: 'same', isSame: true },
      { event: 'late', code: 'none' },
    ])
  })

  it('can be stopped before, and while it starts', async () => {
    using program = new Program(
      `
      const never = create()
      tell('never', await never.stop())
      tell('late', { code: await codeOf(never.start()) })
      const early = create({ app: 'slow.mjs', workers: 2 })
      const start = codeOf(early.start())
      await new Promise(setImmediate)
      const outcome = early.stop()
      tell('early', { code: await start, ...await outcome })`,
      {
        'slow.mjs': 'setInterval(() => {}, 1000); await new Promise(() => {})',
      },
    )
    expect(await program.told()).toEqual([
      { event: 'never', kind: 'stopped' },
      { event: 'late', code: 'SUPERVISOR_STOPPED' },
      { event: 'early', code: 'SUPERVISOR_STOPPED', kind: 'stopped' },
    ])
  })

  it('ends its workers at once when stop is called again later', async () => {
    using program = new Program(
      `
      import { get } from 'node:http'
      const supervisor = create({ app: 'hangs.mjs' })
      supervisor.on(({ type, address }) => {
        if (type === 'listener-bound') supervisor.port = Number(address.split(':').at(-1))
      })
      await supervisor.start()
      get({ port: supervisor.port, host: '127.0.0.1' }).on('error', () => {})
      process.once('SIGUSR2', async () => {
        const first = supervisor.stop()
        setTimeout(() => supervisor.stop(), 400)
        tell('outcome', { ...await first, ...await supervisor.finished })
      })`,
      {
        'hangs.mjs': `export default (request, response) => { console.log('asked') }`,
      },
    )
    await using cli = program.run()
    await until('the request has arrived', () => cli.stdout.includes('asked'))
    cli.signal('SIGUSR2')
    expect(await cli.line('outcome')).toMatchObject({ kind: 'forced' })
    expect((await cli.exit()).code).toBe(0)
  })

  it.each([0, -1, 1.5, 513, Number.NaN, 'two'])('refuses to scale to %s', async (workers) => {
    using program = new Program(`
      const supervisor = create()
      try { supervisor.scale(${JSON.stringify(workers) === 'null' ? 'NaN' : JSON.stringify(workers)}) }
      catch (error) { tell('refused', { name: error.name, message: error.message }) }`)
    expect(await program.told()).toMatchObject([
      { name: 'RangeError', message: expect.stringContaining('from 1 to 512') },
    ])
  })
})

describe('what happens', () => {
  it('is told by events() from the moment of the call, until the supervisor has ended', async () => {
    using program = new Program(`
      const supervisor = create()
      const events = supervisor.events()
      await supervisor.start()
      void supervisor.stop()
      const types = []
      for await (const { type } of events) types.push(type)
      tell('types', { types })
      for await (const { type } of supervisor.events()) tell('too late')`)
    const [types, ...rest] = await program.told()
    const expected = [
      'starting',
      'worker-forked',
      'listener-bound',
      'worker-ready',
      'serving',
      'stopping',
      'worker-draining',
    ]
    // That workers run as root is a warning.
    const first = process.getuid?.() === 0 ? ['warning'] : []
    expect(types?.['types']).toEqual([...first, ...expected, 'worker-exited', 'stopped'])
    expect(rest).toEqual([])
  })

  it('is told to several, each of whom may leave', async () => {
    using program = new Program(`
      const supervisor = create()
      const told = []
      const end = supervisor.on(({ type }) => told.push(type))
      for await (const { type } of (supervisor.start(), supervisor.events())) if (type === 'serving') break
      end()
      await supervisor.stop()
      tell('told', { last: told.at(-1) })`)
    expect(await program.told()).toEqual([{ event: 'told', last: 'serving' }])
  })

  it('goes on although a listener throws, whose error is an uncaught one', async () => {
    using program = new Program(`
      const errors = []
      process.on('uncaughtException', (error) => errors.push(error.message))
      const supervisor = create({ workers: 2 })
      supervisor.on(({ type }) => { throw new Error(type) })
      await supervisor.start()
      tell('started', { workers: supervisor.status().workers.length })
      tell('outcome', { ...await supervisor.stop(), errors })`)
    const [started, outcome] = await program.told()
    expect(started).toMatchObject({ workers: 2 })
    expect(outcome).toMatchObject({
      kind: 'stopped',
      errors: expect.arrayContaining(['starting', 'serving', 'stopped']),
    })
  })
})
