import { describe, expect, it } from 'vitest'
import { namesApp, readableStack } from '../../packages/supervisor/src/host/blocked-stack.ts'
import { inspectArgs } from '../../packages/supervisor/src/protocol/inspection.ts'
import { INSPECT_ARG } from '../../packages/supervisor/src/protocol/names.ts'

describe('what is added to a worker for the inspector', () => {
  it('is the option that keeps it quiet', () => {
    expect(inspectArgs([])).toEqual([INSPECT_ARG])
    expect(inspectArgs(['--max-old-space-size=512'], '--require ./inspect.js')).toEqual([INSPECT_ARG])
  })

  it.each([
    [['--inspect'], undefined],
    [['--inspect-port=9300'], undefined],
    [['--inspect_port=9300'], undefined],
    [['--debug-port=9300'], undefined],
    [['--inspect-publish-uid=stderr'], undefined],
    [[], '--title=app --inspect-brk=0'],
    [[], '"--inspect-port=0"'],
  ])('is nothing where the user has arranged for one: %j %j', (execArgv, nodeOptions) => {
    expect(inspectArgs(execArgv, nodeOptions)).toEqual([])
  })
})

describe('a readable stack', () => {
  const asked = 'Error\n    at supervisorAsksForTheStack (<anonymous>:6:50)\n    at <anonymous>:10:3\n'

  it('has paths in place of addresses, and none of the asking', () => {
    const stack = `${asked}    at run (file:///srv/my%20app/main.mjs:3:7)\n    at file:///srv/main.mjs:9:1`
    expect(readableStack(stack)).toBe('    at run (/srv/my app/main.mjs:3:7)\n    at /srv/main.mjs:9:1')
  })

  it('is empty where there is nothing else', () => {
    expect(readableStack(asked)).toBe('')
  })

  it('keeps to 30 frames, the outermost of the app among them, and to 8 kB', () => {
    const frames = Array.from({ length: 150 }, (_, index) => `    at f${index} (/srv/${'a'.repeat(400)}.js:1:1)`)
    const internal = Array.from({ length: 40 }, () => '    at emit (node:events:1:1)')
    const lines = readableStack([asked.trimEnd(), ...frames, ...internal].join('\n')).split('\n')
    expect(lines.length).toBeLessThanOrEqual(30)
    expect(lines[0]).toMatch(/^ {4}at f0 .*…a+\.js:1:1\)$/)
    expect(Buffer.byteLength(lines.join('\n'))).toBeLessThanOrEqual(8192)
    const short = readableStack([asked.trimEnd(), ...frames, ...internal].join('\n').replaceAll(/a{400}/g, 'a'))
    expect(short.split('\n')).toHaveLength(30)
    expect(short).toMatch(/ {4}\.\.\. 121 more \.\.\.\n.*f141 [^]*f149 \(\/srv\/a\.js:1:1\)$/)
  })

  it('tells the app from Node', () => {
    expect(namesApp('    at listOnTimeout (node:internal/timers:581:17)')).toBe(false)
    expect(namesApp('    at JSON.stringify (<anonymous>)')).toBe(false)
    expect(namesApp('    at node:internal/timers:581:17')).toBe(false)
    expect(namesApp('    at /srv/main.js:9:1')).toBe(true)
    expect(namesApp('')).toBe(false)
  })
})
