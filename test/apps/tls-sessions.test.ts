import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { Cli, fixture } from '../harness/cli.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'
import { visit, type Visit } from './tls-visit.ts'

const TRIES = 50
const AT_ONCE = 5

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const accept of ['shared', 'cluster'] as const) {
    it(`resumes a ${version} session in every worker, every time (--accept ${accept})`, async () => {
      const port = await freePort()
      const env = { APP_PORT: String(port) }
      await using cli = await Cli.serving(['--workers', '4', '--accept', accept, fixture('listen-tls.mjs')], { env })
      const { session, isResumed } = await visit(port, version)
      expect(isResumed).toBe(false)
      const visits: Visit[] = []
      await until('all workers have been visited', async () => {
        visits.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => visit(port, version, session)))))
        return visits.length >= TRIES && cli.workerPids.every((pid) => visits.some((visit) => visit.pid === pid))
      })
      expect(visits.filter(({ isResumed }) => !isResumed)).toEqual([])
    })
  }
}

it('resumes a session although all workers were replaced', async () => {
  await using cli = await Cli.serving(['--workers', '2', fixture('listen-tls.mjs')])
  const before = await visit(cli.port, 'TLSv1.2')
  for (const pid of cli.liveWorkerPids) process.kill(pid, 'SIGKILL')
  await cli.line('worker-ready', 4)
  const after = await visit(cli.port, 'TLSv1.2', before.session)
  expect(after.pid).not.toBe(before.pid)
  expect(after.isResumed).toBe(true)
})

for (const isOwn of [true, false]) {
  it(isOwn ? 'keeps ticket keys that the app chose' : 'makes ticket keys that no other supervisor has', async () => {
    const env = isOwn ? { TICKET_KEYS: randomBytes(48).toString('base64') } : {}
    await using one = await Cli.serving(['--workers', '2', fixture('listen-tls.mjs')], { env })
    await using two = await Cli.serving(['--workers', '2', fixture('listen-tls.mjs')], { env })
    const { session } = await visit(one.port, 'TLSv1.2')
    const visits = await Promise.all(Array.from({ length: AT_ONCE }, () => visit(two.port, 'TLSv1.2', session)))
    expect(visits.map(({ isResumed }) => isResumed)).toEqual(visits.map(() => isOwn))
  })
}
