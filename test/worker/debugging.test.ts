import { describe, expect, it } from 'vitest'
import { inspectAt } from '../../packages/supervisor/src/protocol/inspection.ts'
import { freePort } from '../harness/free-port.ts'
import { until } from '../harness/until.ts'
import { AgentProcess } from './agent-process.ts'
import { answering, Packaged } from './packages.ts'

/** Which app the inspector at a port belongs to, if one listens. */
async function debugged(port: number): Promise<string | null> {
  try {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { readonly title: string }[]
    return targets[0]?.title ?? null
  } catch {
    return null
  }
}

describe('the port for debuggers', () => {
  it('is not a spare’s, and goes from the worker that leaves to the one that follows', async () => {
    using project = new Packaged({ 'old.mjs': answering(`'old'`), 'next.mjs': answering(`'next'`) })
    const inspect = { host: '127.0.0.1', port: await freePort(), waits: false }
    const [old, next] = [
      AgentProcess.waiting(`${project.root}/old.mjs`),
      AgentProcess.waiting(`${project.root}/next.mjs`),
    ]
    await old.promoted({ development: { inspect } })
    expect(await debugged(inspect.port)).toContain('old')
    old.order({ type: 'drain', mode: 'graceful', graceMs: 5000 })
    await next.promoted({ development: { inspect } })
    expect(await debugged(inspect.port)).toContain('next')
  })

  it('holds no app up, and is taken when it is free', async () => {
    using project = new Packaged({ 'old.mjs': answering(`'old'`), 'next.mjs': answering(`'next'`) })
    const inspect = { host: '127.0.0.1', port: await freePort(), waits: false }
    const [old, next] = [
      AgentProcess.waiting(`${project.root}/old.mjs`),
      AgentProcess.waiting(`${project.root}/next.mjs`),
    ]
    await old.promoted({ development: { inspect } })
    await next.promoted({ development: { inspect } })
    expect(await debugged(inspect.port)).toContain('old')
    old.order({ type: 'drain', mode: 'quick', graceMs: 0 })
    await until('the next one has it', async () => (await debugged(inspect.port))?.includes('next'))
  })
})

describe('where options ask for an inspector', () => {
  it.each([
    [[], null],
    [['--inspect-port=1'], null],
    [['--inspect-publish-uid=http'], null],
    [['--inspect'], { host: '127.0.0.1', port: 9231, waits: false }],
    [['--inspect=5000'], { host: '127.0.0.1', port: 5002, waits: false }],
    [['--inspect=0.0.0.0'], { host: '0.0.0.0', port: 9231, waits: false }],
    [['--inspect=0.0.0.0:5000'], { host: '0.0.0.0', port: 5002, waits: false }],
    [['--inspect=[::1]:5000'], { host: '::1', port: 5002, waits: false }],
    [['--inspect=localhost:0'], { host: 'localhost', port: 0, waits: false }],
    [['--inspect-brk', '--inspect-port=6000'], { host: '127.0.0.1', port: 6002, waits: true }],
    [['--inspect-wait=7000'], { host: '127.0.0.1', port: 7002, waits: true }],
  ])('%j', (args, expected) => {
    expect(inspectAt(args, 2)).toEqual(expected)
  })
})
