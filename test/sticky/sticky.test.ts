import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Project } from '../frameworks/project.ts'
import { ask, failuresOf, Load, NO_FAILURES } from '../harness/client.ts'
import { NO_LOSSES, Traffic } from '../harness/traffic.ts'
import { until } from '../harness/until.ts'
import { exporting, reload } from '../promises/release.ts'
import { ADDRESSES, addressesOf, callFrom, misplaced, places, settled, StickyApp } from './addresses.ts'

describe('--sticky ip', () => {
  it('has one worker answer all connections of an address, at every --bind, and uses all workers', async () => {
    await using app = await StickyApp.serving(3, ['--bind', '127.0.0.1:0'])
    const ports = app.cli.events('listener-bound').map((line) => Number(String(line['address']).split(':').at(-1)))
    expect(ports).toHaveLength(2)
    for (const port of ports) expect(await misplaced(port, places(3), 10)).toEqual([])
    for (const index of places(3)) expect(addressesOf(index, places(3)).length).toBeGreaterThan(0)
    app.cli.signal('SIGTERM')
    expect(await app.cli.exit()).toEqual({ code: 0, signal: null })
    expect(app.cli.stderr).toBe('')
  })

  it('moves the addresses of a worker that crashes to others, no others, and back to its replacement', async () => {
    await using app = await StickyApp.serving(3)
    const { port } = app
    const [first, other] = [app.pidAt(0), app.pidAt(1)]
    const load = ADDRESSES.map((localAddress) => new Load({ port, localAddress, clients: 1, mode: 'fresh' }))
    process.kill(first, 'SIGKILL')
    await app.cli.line('worker-exited')
    for (const address of addressesOf(1, places(3))) expect((await callFrom(address, port)).pid).toBe(other)
    for (const address of addressesOf(0, places(3))) expect((await callFrom(address, port)).pid).not.toBe(first)
    await app.cli.line('worker-ready', 4)
    await settled(port, places(3))
    expect(app.pidAt(0)).not.toBe(first)
    // Only what the killed one had in its hands is lost, and nothing hangs.
    for (const each of load) expect(await each.end()).toMatchObject({ refused: 0, hung: 0, wrong: 0 })
  })

  it('loses nothing in a reload under fresh and kept connections from 20 addresses', async () => {
    await using app = await StickyApp.serving(3)
    const { port, cli } = app
    const modes = ['fresh', 'keep-alive'] as const
    const loads = ADDRESSES.flatMap((localAddress) =>
      modes.map((mode) => new Load({ port, localAddress, clients: 1, mode, patienceMs: 20_000 })),
    )
    const traffic = new Traffic({ port, localAddress: '127.0.0.7' }, 1)
    for (const version of ['v2', 'v3']) {
      app.project.write('app.mjs', exporting(version))
      await reload(cli)
      await settled(port, places(3))
      const answers = await Promise.all(ADDRESSES.map((address) => callFrom(address, port)))
      for (const answer of answers) expect(answer.version).toBe(version)
      await traffic.more(1)
    }
    expect(await traffic.end()).toEqual(NO_LOSSES)
    for (const load of loads) expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
    await until('the old workers have gone', () => cli.liveWorkerPids.length === 3)
    expect(cli.events('worker-killed')).toEqual([])
  })

  it('loses nothing in a rolling reload, in which both generations have owners', async () => {
    await using app = await StickyApp.serving(2, ['--rolling', '--max-surge', '1'])
    const { port, cli } = app
    const loads = ADDRESSES.map((localAddress) => new Load({ port, localAddress, clients: 1, mode: 'fresh' }))
    app.project.write('app.mjs', exporting('v2'))
    await reload(cli)
    await settled(port, places(2))
    for (const load of loads) expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
  })

  it('moves no more than its share to a worker that TTIN adds, gives it back with TTOU, and loses nothing', async () => {
    await using app = await StickyApp.serving(2)
    const { port, cli } = app
    const loads = ADDRESSES.map((localAddress) => new Load({ port, localAddress, clients: 1, mode: 'fresh' }))
    cli.signal('SIGTTIN')
    await cli.line('worker-ready', 3)
    await settled(port, places(3))
    for (const address of ADDRESSES.filter((each) => !addressesOf(2, places(3)).includes(each))) {
      const index = addressesOf(0, places(2)).includes(address) ? 0 : 1
      expect((await callFrom(address, port)).pid).toBe(app.pidAt(index))
    }
    cli.signal('SIGTTOU')
    await until('the third worker has gone', () => cli.liveWorkerPids.length === 2)
    expect(await misplaced(port, places(2))).toEqual([])
    for (const load of loads) expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
  })

  it('passes on what a worker is silent about, and forgets it there', async () => {
    await using app = await StickyApp.serving(2, ['--timeout', '0'])
    const { port } = app
    const silent = app.pidAt(1)
    const addresses = addressesOf(1, places(2))
    process.kill(silent, 'SIGSTOP')
    onTestFinished(() => {
      if (app.cli.liveWorkerPids.includes(silent)) process.kill(silent, 'SIGCONT')
    })
    // What it has in its own queue it accepts later; what another one accepts is answered meanwhile.
    const calls = addresses.flatMap((address) => Array.from({ length: 5 }, () => callFrom(address, port)))
    const indexes = new Set<number>()
    for (const call of calls) indexes.add((await call).index)
    expect([...indexes]).toEqual([0])
    process.kill(silent, 'SIGCONT')
    await settled(port, places(2))
  })

  it('serves on while the supervisor is suspended, and comes back to it', async () => {
    await using app = await StickyApp.serving(2)
    const { port, cli } = app
    cli.signal('SIGSTOP')
    const calls = ADDRESSES.flatMap((address) => Array.from({ length: 5 }, () => callFrom(address, port)))
    expect(await Promise.all(calls)).toHaveLength(100)
    cli.signal('SIGCONT')
    await settled(port, places(2))
    expect(cli.events('worker-exited')).toEqual([])
  })

  it('leaves nothing open and unanswered in a stop', async () => {
    await using app = await StickyApp.serving(2)
    const { port, cli } = app
    const calls = ADDRESSES.flatMap((localAddress) => Array.from({ length: 5 }, () => ask({ port, localAddress })))
    await until('some have been answered', () => Promise.race(calls))
    cli.signal('SIGTERM')
    expect(await cli.exit()).toEqual({ code: 0, signal: null })
    // What no worker has accepted by then, the kernel resets.
    const results = (await Promise.all(calls)).map(({ result }) => result)
    expect(results.filter((result) => result === 'hung' || result === 'wrong')).toEqual([])
  })

  it('leaves Unix sockets as they are: their clients have no address', async () => {
    using project = new Project({ 'app.mjs': exporting('v1') })
    const socketPath = `${project.path}/app.sock`
    const args = ['--workers', '2', '--sticky', 'ip', '--bind', `unix:${socketPath}`, 'app.mjs']
    await using cli = await project.serving(args)
    const load = new Load({ socketPath, clients: 4, mode: 'fresh' })
    await reload(cli)
    await until('some have been answered', () => load.total > 20)
    expect(failuresOf(await load.end())).toEqual(NO_FAILURES)
  })

  it('closes nothing that has not said anything yet: its first request is answered by the owner', async () => {
    await using app = await StickyApp.serving(2)
    for (const localAddress of ADDRESSES.slice(0, 8)) {
      const socket = connect({ port: app.port, host: '127.0.0.1', localAddress }).setEncoding('utf8')
      onTestFinished(() => void socket.destroy())
      let received = ''
      socket.on('data', (chunk) => (received += String(chunk)))
      await until('the connection is there', () => !socket.connecting)
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      await until('an answer', () => received.includes('}'))
      const owner = addressesOf(0, places(2)).includes(localAddress) ? 0 : 1
      expect(received).toContain(`"pid":${app.pidAt(owner)}`)
    }
  })
})
