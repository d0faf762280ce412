import { Agent } from 'node:http'
import { expect, it } from 'vitest'
import { Project } from '../../frameworks/project.ts'
import { NOBODY } from '../../harness/cli.ts'
import { until } from '../../harness/until.ts'
import { ownerOf } from '../../../packages/supervisor/src/protocol/rendezvous.ts'
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

it('serves socket.io over long polling from several workers with --sticky ip, and through a reload', async () => {
  using project = new Project({ 'app.mjs': SOCKET_IO_APP }, 'frameworks')
  await using cli = await project.serving(['--sticky', 'ip', ...ARGS])
  const talks = Array.from({ length: 12 }, (_, at) => {
    const agent = new Agent({ keepAlive: true, localAddress: `127.0.0.${at + 1}` })
    return new Talk(cli.port, { transports: ['polling'], agent })
  })
  for (const [at, talk] of talks.entries()) {
    const { pid } = await talk.next()
    const index = ownerOf(`127.0.0.${at + 1}`, [0, 1, 2])
    expect(cli.events('worker-ready').find((line) => line.workerPid === pid)).toMatchObject({ index, generation: 1 })
    expect(talk.transport).toBe('polling')
    expect([talk.errors, talk.disconnects]).toEqual([[], []])
  }
  await reload(cli)
  for (const talk of talks) {
    await until('the new generation answers', () => talk.replies.at(-1)?.generation === 2)
    expect(talk.replies.map(({ question }) => question)).toEqual(talk.replies.map((_reply, index) => index))
  }
  for (const talk of talks) talk.end()
  await until('the old workers have gone', () => cli.liveWorkerPids.length === 3)
})

it('upgrades socket.io from long polling to WebSocket with --sticky ip, as its clients do by default', async () => {
  using project = new Project({ 'app.mjs': SOCKET_IO_APP }, 'frameworks')
  await using cli = await project.serving(['--sticky', 'ip', ...ARGS])
  const talks = Array.from({ length: 6 }, () => new Talk(cli.port, {}))
  for (const talk of talks) {
    await talk.next()
    await until('the upgrade', () => talk.transport === 'websocket')
    await talk.next()
    expect([talk.errors, talk.disconnects]).toEqual([[], []])
  }
  expect(new Set(talks.flatMap(({ replies }) => replies.map(({ pid }) => pid))).size).toBe(1)
})
