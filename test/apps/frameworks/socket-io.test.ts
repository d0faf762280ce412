import { expect, it } from 'vitest'
import { Project } from '../../frameworks/project.ts'
import { NOBODY } from '../../harness/cli.ts'
import { until } from '../../harness/until.ts'
import { reload } from '../../promises/release.ts'
import { SOCKET_IO_APP } from './socket-io-app.ts'
import { Talk } from './socket-io-client.ts'

const ARGS = ['--workers', '3', '--bind', '127.0.0.1:0', 'app.mjs']

it('serves socket.io over WebSocket from several workers, and through a reload', async () => {
  using project = new Project({ 'app.mjs': SOCKET_IO_APP }, 'frameworks')
  await using cli = await project.serving(ARGS)
  const talks: Talk[] = []
  const pids = new Set<number>()
  await until('two workers have clients', async () => {
    talks.push(new Talk(cli.port, { transports: ['websocket'] }))
    pids.add((await talks.at(-1)?.next())?.pid ?? NOBODY)
    return pids.size === 2
  })
  await reload(cli)
  for (const talk of talks) {
    await until('the new generation answers', () => talk.replies.at(-1)?.generation === 2)
    expect(talk.replies.map(({ question }) => question)).toEqual(talk.replies.map((_reply, index) => index))
    expect(talk.errors).toEqual([])
    expect(new Set(talk.disconnects)).toEqual(new Set(['transport close']))
  }
  for (const talk of talks) talk.end()
  await until('the old workers have gone', () => cli.liveWorkerPids.length === 3)
  expect(cli.events('worker-killed')).toEqual([])
})
