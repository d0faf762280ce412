import { expect, it } from 'vitest'
import { Program } from './program.ts'

const HELPERS = `
  import { writeFileSync } from 'node:fs'
  import { get } from 'node:http'
  const serve = (version) => writeFileSync('app.mjs',
    'export default (request, response) => response.end("' + version + ' " + process.pid)')
  let port
  const supervisor = create({ workers: 2 })
  supervisor.on(({ type, address }) => {
    if (type === 'listener-bound') port = Number(address.split(':').at(-1))
  })
  const ask = () => new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false }, async (response) => {
      let body = ''
      for await (const chunk of response) body += chunk
      resolve(body)
    }).on('error', reject)
  })
  const asked = async () => [...new Set(await Promise.all(Array.from({ length: 40 }, ask)))]
  const pids = () => supervisor.status().workers.filter(({ status }) => status === 'accepting').map(({ pid }) => pid)
`

it('resolves when nobody but the new generation answers', async () => {
  using program = new Program(`${HELPERS}
    serve('one')
    await supervisor.start()
    for (const version of ['two', 'three', 'four']) {
      const old = pids()
      serve(version)
      await supervisor.reload()
      const answers = await asked()
      tell('reloaded', {
        answers: answers.every((answer) => answer.startsWith(version + ' ') && pids().includes(Number(answer.split(' ')[1]))),
        replaced: old.every((pid) => !pids().includes(pid)),
        generation: supervisor.status().generation,
      })
    }
    await supervisor.stop()`)
  expect(await program.told()).toEqual(
    [2, 3, 4].map((generation) => ({ event: 'reloaded', answers: true, replaced: true, generation })),
  )
})

it('rejects with the cause, and the old generation serves on', async () => {
  using program = new Program(`${HELPERS}
    const refused = async () => supervisor.reload().then(() => 'none', (error) => error)
    serve('one')
    await supervisor.start()
    const old = pids()
    for (const text of ["throw new Error('not today')", 'const = 1', 'process.exit(9)']) {
      writeFileSync('app.mjs', text)
      const error = await refused()
      tell('refused', {
        isOurs: error instanceof SupervisorError, code: error.code, message: error.message,
        same: JSON.stringify(old) === JSON.stringify(pids()), rollout: supervisor.status().rollout,
        answers: (await asked()).every((answer) => answer.startsWith('one ')),
      })
    }
    serve('two')
    await supervisor.reload()
    tell('mended', { answers: (await asked()).every((answer) => answer.startsWith('two ')) })
    await supervisor.stop()`)
  const all = { event: 'refused', isOurs: true, same: true, rollout: null, answers: true }
  expect(await program.told()).toMatchObject([
    { ...all, code: 'SUPERVISOR_APP_THREW', message: expect.stringContaining('Error: not today') as unknown },
    { ...all, code: 'SUPERVISOR_APP_NOT_LOADED', message: expect.stringContaining('SyntaxError') as unknown },
    { ...all, code: 'SUPERVISOR_APP_EXITED', message: expect.stringContaining('exited with code 9') as unknown },
    { event: 'mended', answers: true },
  ])
})

it('settles reloads that come together by the newest, and says when there is nothing to reload', async () => {
  using program = new Program(`${HELPERS}
    serve('one')
    tell('before', { code: await codeOf(supervisor.reload()) })
    await supervisor.start()
    writeFileSync('app.mjs', 'process.exit(9)')
    const doomed = codeOf(supervisor.reload())
    serve('two')
    const saved = codeOf(supervisor.reload())
    tell('both', { codes: await Promise.all([doomed, saved]) })
    tell('answers', { two: (await asked()).every((answer) => answer.startsWith('two ')) })
    serve('three')
    const late = codeOf(supervisor.reload())
    await supervisor.stop()
    tell('stopped', { late: await late, after: await codeOf(supervisor.reload()) })`)
  expect(await program.told()).toEqual([
    { event: 'before', code: 'SUPERVISOR_NOT_RUNNING' },
    { event: 'both', codes: ['none', 'none'] },
    { event: 'answers', two: true },
    { event: 'stopped', late: 'SUPERVISOR_STOPPED', after: 'SUPERVISOR_NOT_RUNNING' },
  ])
})
