import { spawn, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../packages/supervisor/src/core/verdict.ts'
import { inspectBlocked } from '../../packages/supervisor/src/host/inspector.ts'
import { NOBODY, isAlive } from '../harness/cli.ts'
import { Folder } from '../harness/folder.ts'
import { until } from '../harness/until.ts'
import { BlockedProcess, portsOf } from './blocked-process.ts'
import { attachDebugger } from './debugger.ts'

/** Far more than is promised: the machine may be busy. */
const LONGEST_MS = 6000

async function inspected(pid: number): Promise<Verdict> {
  const begun = performance.now()
  const verdict = await inspectBlocked(pid)
  expect(performance.now() - begun).toBeLessThan(LONGEST_MS)
  return verdict
}

/** A process that gets no time on a busy machine can't open its inspector: it is asked again. */
async function inspectedStack(pid: number): Promise<Extract<Verdict, { readonly kind: 'stack' }>> {
  return until('it tells its stack', async () => {
    const verdict = await inspected(pid)
    if (verdict.kind === 'unavailable') expect(verdict.why).toMatch(/timed out/)
    return verdict.kind === 'stack' && verdict
  })
}

async function untilNoPort(pid: number): Promise<void> {
  await until('no port is open', () => portsOf(pid).length === 0)
}

describe('a process that is blocked by its own code', () => {
  it.each([
    ['loop', 'loopsEndlessly'],
    ['regex', 'matchesForever'],
    ['json', 'stringifiesTooMuch'],
    ['atomics', 'waitsForNobody'],
    ['recursion', 'recurses'],
    ['promises', 'neverLetsGo'],
  ])('tells where it is and what it was asked to do: %s', async (how, culprit) => {
    const requests = [{ method: 'GET', path: '/slow?a=1', ageMs: 1234 }]
    await using blocked = await BlockedProcess.blocked(how, {
      forMs: 3200,
      env: { REQUESTS: JSON.stringify(requests) },
    })
    expect(portsOf(blocked.pid)).toEqual([])
    const verdict = await inspectedStack(blocked.pid)
    expect(verdict.requests).toEqual(requests)
    expect(verdict.stack).toMatch(new RegExp(String.raw`^    at .*${culprit} .*\(/.*/blocked\.mjs:\d+:\d+\)$`, 'm'))
    expect(verdict.stack.split('\n').length).toBeLessThanOrEqual(30)
    expect(Buffer.byteLength(verdict.stack)).toBeLessThanOrEqual(8192)
    expect(verdict.stack).not.toContain('supervisorAsks')
    // It goes on as it would have, and no port stays open.
    const { execArgv } = await blocked.freed()
    expect(execArgv).toEqual([])
    await untilNoPort(blocked.pid)
    expect(blocked.stderr.trim()).toMatch(/^(Debugger attached\.\s*)*$/)
  })

  it('may be seen between its turns alone, if they are ticks', async () => {
    await using blocked = await BlockedProcess.blocked('ticks')
    expect((await inspectedStack(blocked.pid)).stack).toMatch(/ticksOn|processTicksAndRejections/)
    await blocked.freed()
    await untilNoPort(blocked.pid)
  })

  it('can be inspected a second time, and lacks requests if there is no agent', async () => {
    await using blocked = await BlockedProcess.blocked('loop')
    expect(await inspectedStack(blocked.pid)).toMatchObject({ requests: [] })
    expect(await inspectedStack(blocked.pid)).toMatchObject({ requests: [] })
    await blocked.freed()
    await untilNoPort(blocked.pid)
  })

  it('is inspected once for all who ask at a time', async () => {
    await using blocked = await BlockedProcess.blocked('loop')
    const verdicts = await Promise.all([inspected(blocked.pid), inspected(blocked.pid)])
    expect(verdicts[1]).toBe(verdicts[0])
  })

  it('is not mistaken for another one', async () => {
    await using first = await BlockedProcess.blocked('loop')
    await using second = await BlockedProcess.blocked('regex')
    await using third = await BlockedProcess.blocked('atomics', { forMs: 6000 })
    const verdicts = await Promise.all([first, second, third].map(async ({ pid }) => inspectedStack(pid)))
    expect(verdicts.map((verdict) => /\w+(Endlessly|Forever|Nobody)/.exec(verdict.stack)?.[0])).toEqual([
      'loopsEndlessly',
      'matchesForever',
      'waitsForNobody',
    ])
  })

  it('whose inspector is open already, is asked there, and keeps it open', async () => {
    await using blocked = await BlockedProcess.blocked('loop', { nodeArgs: ['--inspect=127.0.0.1:0'] })
    const ports = portsOf(blocked.pid)
    expect(await inspectedStack(blocked.pid)).toMatchObject({ kind: 'stack' })
    expect((await blocked.freed()).execArgv).toEqual(['--inspect=127.0.0.1:0'])
    expect(portsOf(blocked.pid)).toEqual(ports)
  })
})

describe('a process that is blocked outside of JavaScript', () => {
  it.each(['exec', 'crypto', 'fifo'])('is said to be: %s', async (how) => {
    using folder = new Folder()
    const fifo = `${folder.path}/fifo`
    execFileSync('mkfifo', [fifo])
    await using blocked = await BlockedProcess.blocked(how, { args: [fifo] })
    expect(await inspected(blocked.pid)).toEqual({ kind: 'native' })
    expect(isAlive(blocked.pid)).toBe(true)
    expect(blocked.stderr).toBe('')
  })

  it('does not keep the inspector open that it opens when it comes back', async () => {
    await using blocked = await BlockedProcess.blocked('exec')
    expect(await inspected(blocked.pid)).toEqual({ kind: 'native' })
    await blocked.freed()
    await until('the inspector was opened and closed', () => blocked.stderr.includes('Debugger attached.'))
    await untilNoPort(blocked.pid)
  })
})

describe('a process that has gone on meanwhile', () => {
  it('is found at rest, and keeps no inspector open', async () => {
    await using blocked = await BlockedProcess.blocked('idle')
    await blocked.freed()
    expect(await inspected(blocked.pid)).toEqual({ kind: 'idle' })
    await untilNoPort(blocked.pid)
  })
})

describe('a process that somebody debugs', () => {
  it.each([
    ['by --inspect', ['--inspect=127.0.0.1:0'], false],
    ['by SIGUSR1', undefined, true],
  ])('is left alone: %s', async (_how, nodeArgs, isSignalled) => {
    await using blocked = await BlockedProcess.start('loop', nodeArgs && { nodeArgs })
    if (isSignalled) blocked.signal('SIGUSR1')
    const [port = NOBODY] = await until('the inspector is open', () => {
      const ports = portsOf(blocked.pid)
      return ports.length > 0 && ports
    })
    using _debugger = await attachDebugger(port)
    await blocked.block()
    expect(await inspected(blocked.pid)).toEqual({ kind: 'debugged' })
    expect(blocked.stderr.match(/Debugger attached/g)).toHaveLength(1)
    await blocked.freed()
    expect(portsOf(blocked.pid)).toEqual([port])
  })
})

describe('a process that can not be inspected', () => {
  it('is not sent the signal that its app listens for, if that is known', async () => {
    await using blocked = await BlockedProcess.blocked('loop', { env: { OWN_USR1: '1' } })
    const verdict = await inspectBlocked(blocked.pid, { hasOwnUsr1: true })
    expect(verdict).toMatchObject({ kind: 'unavailable', why: expect.stringContaining('SIGUSR1 itself') as string })
    await blocked.freed()
    expect(blocked.stdout).not.toContain('usr1')
  })

  it('looks as if it were in native code where its app listens for the signal', async () => {
    await using blocked = await BlockedProcess.blocked('loop', { env: { OWN_USR1: '1' } })
    expect(await inspected(blocked.pid)).toEqual({ kind: 'native' })
    expect(isAlive(blocked.pid)).toBe(true)
    blocked.letGo()
    await blocked.says('usr1')
  })

  it('does not die of it if it is no Node', async () => {
    const child = spawn('sleep', ['20'])
    await once(child, 'spawn')
    expect(await inspected(child.pid ?? NOBODY)).toMatchObject({ kind: 'unavailable' })
    expect(isAlive(child.pid ?? NOBODY)).toBe(true)
    child.kill('SIGKILL')
  })

  it('says so when it was stopped', async () => {
    await using blocked = await BlockedProcess.blocked('loop')
    blocked.signal('SIGSTOP')
    await until('it has stopped', () => /^State:\s+T/m.test(readFileSync(`/proc/${blocked.pid}/status`, 'utf8')))
    expect(await inspected(blocked.pid)).toMatchObject({
      kind: 'unavailable',
      why: expect.stringContaining('stopped') as string,
    })
  })

  it('may have ended, or never have been', async () => {
    const child = spawn('true')
    await once(child, 'exit')
    for (const pid of [child.pid ?? NOBODY, NOBODY, 0, -1, 1, process.pid, 2 ** 40]) {
      expect(await inspected(pid)).toMatchObject({ kind: 'unavailable' })
    }
  })

  it('may end meanwhile', async () => {
    await using blocked = await BlockedProcess.blocked('fifo', { args: ['/nonexistent'] })
    const verdict = inspected(blocked.pid)
    blocked.signal('SIGKILL')
    expect(['unavailable', 'native']).toContain((await verdict).kind)
  })
})
